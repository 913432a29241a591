"""The files of SSV groups: a card in its pieces and back, files of fixed size, refusals."""

import pytest
from anygroups import any_card
from hypothesis import given
from hypothesis import strategies as st

from bifente.layouts.codecs import groupfiles
from bifente.layouts.errors import LayoutError
from bifente.ssv import wire
from bifente.ssv.groups import Group

ASSURED = Group.of(101, "T", "12345678")
PERSON = Group.of(104, "DURAND", "", "ALIX")
RIGHTS = Group.of(105, "200501010000")
COVERAGE = Group.of(106, "", "", "0", "0100")


@given(any_card())
def test_a_card_comes_back_from_its_pieces_in_any_order(card: list[Group]) -> None:
    assert wire.decode_card(wire.encode(card)) == card
    pieces = groupfiles.split(card)
    assert list(pieces) == [name for name in groupfiles.file_names() if name in pieces]
    assert groupfiles.join(dict(reversed(pieces.items()))) == card
    assert sum(len(piece) for piece in pieces.values()) == len(card)
    assert all(piece[0].id == 104 for name, piece in pieces.items() if name.startswith("BEN"))


def test_the_names_of_the_pieces() -> None:
    card = [ASSURED, Group.of(103), *[PERSON, COVERAGE] * 19]
    names = list(groupfiles.split(card))
    assert names == ["G101", "G103", *(f"BEN{number:02d}" for number in range(1, 20))]
    assert groupfiles.file_names() == (
        "G101",
        "G102",
        "G103",
        *(f"BEN{number:02d}" for number in range(1, 20)),
    )


def test_pieces_that_hold_nothing_are_skipped() -> None:
    assert groupfiles.join({"G102": [], "G101": [ASSURED], "BEN01": [PERSON], "BEN02": []}) == [
        ASSURED,
        PERSON,
    ]
    assert groupfiles.join({}) == []


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("G104", [PERSON]),
        ("BEN20", [PERSON]),
        ("G101", [PERSON]),
        ("G101", [ASSURED, ASSURED]),
        ("BEN01", [RIGHTS]),
        ("BEN01", [PERSON, PERSON]),
    ],
)
def test_pieces_of_something_else(name: str, piece: list[Group]) -> None:
    with pytest.raises(LayoutError):
        groupfiles.join({"G101": [ASSURED], "BEN02": [PERSON], name: piece})


@given(any_card(), st.integers(0, 40))
def test_a_file_of_groups(card: list[Group], room: int) -> None:
    value, content = wire.to_json(card), wire.encode(card)
    assert groupfiles.GroupsCodec().encode(value) == content
    assert groupfiles.GroupsCodec().decode(content) == value
    padded = groupfiles.GroupsCodec(size=len(content) + room)
    assert padded.encode(value) == content + bytes(room)
    assert padded.decode(content + bytes(room)) == value
    assert padded.decode(bytes(7)) == []
    assert padded.encode([]) == bytes(len(content) + room)


def test_a_file_of_groups_refuses() -> None:
    content = wire.encode([RIGHTS])
    with pytest.raises(LayoutError, match="do not fit"):
        groupfiles.GroupsCodec(size=len(content) - 1).encode(wire.to_json([RIGHTS]))
    with pytest.raises(LayoutError, match="does not belong"):
        groupfiles.GroupsCodec((104,)).decode(content)
    with pytest.raises(LayoutError, match="does not belong"):
        groupfiles.GroupsCodec((104,)).encode(wire.to_json([RIGHTS]))
    with pytest.raises(LayoutError, match="zeros"):
        groupfiles.GroupsCodec().decode(content + b"\0")
    with pytest.raises(LayoutError, match="zeros"):
        groupfiles.GroupsCodec(size=40).decode(content + b"\0\0\1")


def test_what_is_wrong_with_groups_is_wrong_with_their_files() -> None:
    for card in ([PERSON], [ASSURED], [ASSURED, RIGHTS]):
        with pytest.raises(LayoutError, match=r"group|beneficiary"):
            groupfiles.split(card)
    with pytest.raises(LayoutError, match="no beneficiary"):
        groupfiles.join({"G101": [ASSURED]})
    with pytest.raises(LayoutError, match="offset 3, group 105: 14 bytes announced, 0 follow"):
        groupfiles.GroupsCodec().decode(b"\0\x69\x0e")
    with pytest.raises(LayoutError, match="group 111, field 1: '€'"):
        groupfiles.GroupsCodec().encode([{"group": 111, "fields": ["€"]}])
