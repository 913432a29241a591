"""The SSV groups: bytes and back, cuts, garbage, the order of a card and its pieces."""

import pytest
from construct import ConstructError
from hypothesis import given
from hypothesis import strategies as st

from bifente.layouts.errors import LayoutError, SsvError
from bifente.ssv import wire as ssv
from bifente.ssv.wire import GROUPS, Group

ASSURED = Group.of(
    101, "T", "12345678", "201512310000", "0", "", "", "A", "1421962965165", "96", "01", "349", "0349", "10"
)
PERSON = Group.of(104, "DURAND", "", "ALIX", **{"date de naissance": "194219010000", "qualité": "0"})
RIGHTS = Group.of(105, "200501010000")
COVERAGE = Group.of(106, "", "", "0", "0100")
CARD = [ASSURED, Group.of(102, "0"), PERSON, RIGHTS, COVERAGE]

# Written by hand after the format, not by the code under test.
CARD_BYTES = bytes.fromhex(
    "0065 3F"
    "01 54 08 3132333435363738 0C 323031353132333130303030 01 30 00 00 01 41"
    "0D 31343231393632393635313635 02 3936 02 3031 03 333439 04 30333439 02 3130 00"
    "0066 04 01 30 00 00"
    "0068 29"
    "06 445552414E44 00 04 414C4958 00 00 00 00 00 00 00 00 0C 313934323139303130303030 00 01 30 00 00 00 00"
    "0069 0E 0C 323030353031303130303030 00"
    "006A 09 00 00 01 30 04 30313030"
)


def field_bytes() -> st.SearchStrategy[bytes]:
    return st.one_of(st.binary(max_size=20), st.binary(min_size=126, max_size=130), st.just(b"x" * 300))


@st.composite
def any_group(draw: st.DrawFn, ids: tuple[int, ...] = tuple(GROUPS)) -> Group:
    identifier = draw(st.sampled_from(ids))
    count = len(GROUPS[identifier].fields)
    return Group(identifier, tuple(draw(st.lists(field_bytes(), min_size=count, max_size=count))))


@st.composite
def any_card(draw: st.DrawFn) -> list[Group]:
    card = [draw(any_group((101,)))]
    card += [draw(any_group((identifier,))) for identifier in (102, 103) if draw(st.booleans())]
    for _ in range(draw(st.integers(1, 4))):
        body = [104, *[105] * draw(st.integers(0, 3)), *[106] * draw(st.integers(1, 3))]
        if draw(st.booleans()):
            body += [107, *[108] * draw(st.integers(0, 2))]
        body += [identifier for identifier in (109, 111) if draw(st.booleans())]
        card += [draw(any_group((identifier,))) for identifier in body]
    return card


def test_a_card_written_by_hand() -> None:
    assert ssv.encode(CARD) == CARD_BYTES
    assert ssv.decode_card(CARD_BYTES) == CARD


def test_the_public_shape_of_the_groups() -> None:
    counts = {identifier: len(group.fields) for identifier, group in GROUPS.items()}
    assert counts == {
        1: 7,
        2: 21,
        101: 14,
        102: 3,
        103: 9,
        104: 18,
        105: 2,
        106: 4,
        107: 6,
        108: 2,
        109: 12,
        111: 1,
    }
    for group in GROUPS.values():
        assert len(group.numbers) == len(group.fields), f"names of group {group.id} are not unique"


def test_fields_by_number_and_by_name() -> None:
    assert ASSURED[8] == ASSURED["NIR"] == "1421962965165"
    assert ASSURED["type de carte Vitale"] == "T"
    assert ASSURED.description.name == "Données assuré"
    changed = ASSURED.replace("code régime", "02").replace(11, "351")
    assert (changed["code régime"], changed["caisse gestionnaire"]) == ("02", "351")
    assert [changed.replace(10, "01").replace(11, "349")] == [ASSURED]
    for wrong in (0, 15, -1, "nir"):
        with pytest.raises(KeyError, match="101"):
            ASSURED[wrong]


def test_groups_are_made_of_what_the_table_knows() -> None:
    with pytest.raises(SsvError, match="group 42"):
        Group.of(42)
    with pytest.raises(SsvError, match="group 105"):
        Group.of(105, "a", "b", "c")
    with pytest.raises(SsvError, match="group 105"):
        Group.of(105, **{"nom usuel": "x"})
    with pytest.raises(SsvError, match="group 105"):
        Group(105, (b"",))
    with pytest.raises(SsvError, match=r"group 104, field 1: '€' \(U\+20AC, EURO SIGN\) is not in Latin-1"):
        PERSON.replace("nom usuel", "DURAND €")


@given(st.lists(any_group(), max_size=6))
def test_any_groups_come_back(groups: list[Group]) -> None:
    data = ssv.encode(groups)
    assert ssv.decode(data) == groups
    assert ssv.from_json(ssv.to_json(groups)) == groups


@given(any_group())
def test_the_declaration_and_the_slicing_agree(group: Group) -> None:
    data = ssv.encode([group])
    assert ssv.GROUP.build({"id": group.id, "fields": list(group.fields)}) == data
    parsed = ssv.GROUP.parse(data)
    assert (parsed.id, tuple(parsed.fields)) == (group.id, group.fields)


@given(any_group(), st.data())
def test_the_declaration_and_the_slicing_refuse_the_same(group: Group, data: st.DataObject) -> None:
    raw = bytearray(ssv.encode([group]))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        sliced = ssv.decode(bytes(raw))[:1]
    except SsvError:
        sliced = []
    try:
        parsed = ssv.GROUP.parse(bytes(raw))
        declared = [Group(parsed.id, tuple(parsed.fields))]
        whole = len(ssv.encode(declared)) == len(raw)
    except ConstructError:
        declared, whole = [], True
    if whole:
        assert sliced == declared
    else:
        assert declared


@given(st.lists(any_group(), min_size=1, max_size=2))
def test_a_cut_inside_a_group_is_always_seen(groups: list[Group]) -> None:
    data = ssv.encode(groups)
    ends = {len(ssv.encode(groups[:count])) for count in range(len(groups) + 1)}
    for size in range(len(data)):
        if size in ends:
            assert ssv.decode(data[:size]) == groups[: sorted(ends).index(size)]
        else:
            with pytest.raises(SsvError):
                ssv.decode(data[:size])


def test_a_cut_of_a_card_at_each_byte() -> None:
    """Where a cut falls between two groups behind the first beneficiary, a smaller card is left."""
    first = next(at for at, group in enumerate(CARD) if group.id == 104)
    smaller = {len(ssv.encode(CARD[:count])) for count in range(first + 1, len(CARD))}
    for size in range(len(CARD_BYTES)):
        if size in smaller:
            assert ssv.encode(ssv.decode_card(CARD_BYTES[:size])) == CARD_BYTES[:size]
        else:
            with pytest.raises(SsvError):
                ssv.decode_card(CARD_BYTES[:size])


@given(st.binary(max_size=200))
def test_garbage_gives_ssv_errors_only(data: bytes) -> None:
    for read in (ssv.decode, ssv.decode_card):
        try:
            groups = read(data)
        except SsvError:
            continue
        assert ssv.encode(groups) == data


@pytest.mark.parametrize(
    ("data", "place", "offset", "group", "field"),
    [
        ("00", "cut", 0, None, None),
        ("FFFF00", "no such group", 0, 0xFFFF, None),
        ("0069", "length is missing", 2, 105, None),
        ("0069 81", "length is cut", 2, 105, None),
        ("0069 80", "no length", 2, 105, None),
        ("0069 83 000002 00 00", "no length", 2, 105, None),
        ("0069 81 02 00 00", "shortest form", 2, 105, None),
        ("0069 82 0002 00 00", "shortest form", 2, 105, None),
        ("0069 03 00 00", "announced", 3, 105, None),
        ("0069 01 00", "length is missing", 4, 105, 2),
        ("0069 02 05 30", "left in the group", 4, 105, 1),
        ("0069 03 00 00 00", "follow the last field", 5, 105, None),
        ("0069 02 00 00 0069 02 00 81", "length is cut", 9, 105, 2),
    ],
)
def test_errors_say_where(data: str, place: str, offset: int, group: int | None, field: int | None) -> None:
    with pytest.raises(SsvError, match=place) as refused:
        ssv.decode(bytes.fromhex(data))
    error = refused.value
    assert (error.offset, error.group, error.field) == (offset, group, field)
    assert f"offset {offset}" in str(error)
    if field is not None:
        assert f"group {group}, field {field}" in str(error)


@pytest.mark.parametrize(
    "ids",
    [
        [],
        [101],
        [104, 106],
        [102, 101, 104],
        [101, 101, 104],
        [101, 103, 102, 104],
        [101, 102, 102, 104],
        [101, 105],
        [101, 104, 102],
        [101, 104, 106, 105],
        [101, 104, 106, 108],
        [101, 104, 106, 107, 107],
        [101, 104, 106, 109, 107],
        [101, 104, 106, 109, 108],
        [101, 104, 106, 111, 109],
        [101, 104, 106, 111, 111],
        [101, 104, 106, 1],
        [1, 2],
        [101] + [104, 106] * 20,
    ],
)
def test_what_stands_in_the_wrong_order_is_no_card(ids: list[int]) -> None:
    with pytest.raises(SsvError):
        ssv.check_order([Group.of(identifier) for identifier in ids])


@pytest.mark.parametrize(
    "card",
    [
        [ASSURED, PERSON],
        [ASSURED, PERSON, PERSON, RIGHTS],
        [ASSURED, PERSON, RIGHTS],
        [ASSURED, PERSON, RIGHTS, PERSON, COVERAGE],
    ],
)
def test_a_card_that_ends_between_two_groups_is_a_card(card: list[Group]) -> None:
    assert ssv.decode_card(ssv.encode(card)) == card


@given(any_card())
def test_a_card_comes_back_from_its_pieces_in_any_order(card: list[Group]) -> None:
    assert ssv.decode_card(ssv.encode(card)) == card
    pieces = ssv.split(card)
    assert list(pieces) == [name for name in ssv.piece_names() if name in pieces]
    assert ssv.join(dict(reversed(pieces.items()))) == card
    assert sum(len(piece) for piece in pieces.values()) == len(card)
    assert all(piece[0].id == 104 for name, piece in pieces.items() if name.startswith("BEN"))


def test_the_names_of_the_pieces() -> None:
    card = [ASSURED, Group.of(103), *[PERSON, COVERAGE] * 19]
    names = list(ssv.split(card))
    assert names == ["G101", "G103", *(f"BEN{number:02d}" for number in range(1, 20))]
    assert ssv.piece_names() == ("G101", "G102", "G103", *(f"BEN{number:02d}" for number in range(1, 20)))


def test_pieces_that_hold_nothing_are_skipped() -> None:
    assert ssv.join({"G102": [], "G101": [ASSURED], "BEN01": [PERSON], "BEN02": []}) == [ASSURED, PERSON]
    assert ssv.join({}) == []


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
    with pytest.raises(SsvError):
        ssv.join({"G101": [ASSURED], "BEN02": [PERSON], name: piece})


@pytest.mark.parametrize(
    "value",
    [
        None,
        "groups",
        {"group": 101},
        [101],
        [{"group": 105}],
        [{"group": "105", "fields": ["", ""]}],
        [{"group": True, "fields": [""] * 7}],
        [{"group": 105, "fields": ["", None]}],
        [{"group": 105, "fields": [""]}],
        [{"group": 105, "fields": ["", "", ""]}],
        [{"group": 110, "fields": [""]}],
        [{"group": 105, "fields": ["", ""], "name": "x"}],
        [{"group": 111, "fields": ["€"]}],
    ],
)
def test_json_that_is_no_groups(value: object) -> None:
    with pytest.raises(SsvError):
        ssv.from_json(value)  # type: ignore[arg-type]


def test_the_json_form() -> None:
    assert ssv.to_json([Group.of(111, "é"), RIGHTS]) == [
        {"group": 111, "fields": ["é"]},
        {"group": 105, "fields": ["200501010000", ""]},
    ]


@given(any_card(), st.integers(0, 40))
def test_a_file_of_groups(card: list[Group], room: int) -> None:
    value, content = ssv.to_json(card), ssv.encode(card)
    assert ssv.GroupsCodec().encode(value) == content
    assert ssv.GroupsCodec().decode(content) == value
    padded = ssv.GroupsCodec(size=len(content) + room)
    assert padded.encode(value) == content + bytes(room)
    assert padded.decode(content + bytes(room)) == value
    assert padded.decode(bytes(7)) == []
    assert padded.encode([]) == bytes(len(content) + room)


def test_a_file_of_groups_refuses() -> None:
    content = ssv.encode([RIGHTS])
    with pytest.raises(SsvError, match="do not fit"):
        ssv.GroupsCodec(size=len(content) - 1).encode(ssv.to_json([RIGHTS]))
    with pytest.raises(SsvError, match="does not belong"):
        ssv.GroupsCodec((104,)).decode(content)
    with pytest.raises(SsvError, match="does not belong"):
        ssv.GroupsCodec((104,)).encode(ssv.to_json([RIGHTS]))
    with pytest.raises(SsvError, match="zeros"):
        ssv.GroupsCodec().decode(content + b"\0")
    with pytest.raises(SsvError, match="zeros"):
        ssv.GroupsCodec(size=40).decode(content + b"\0\0\1")


def test_a_field_that_is_too_long_names_itself() -> None:
    with pytest.raises(SsvError, match="group 111, field 1: 65536 bytes"):
        ssv.encode([Group(111, (b"x" * 65536,))])
    with pytest.raises(SsvError, match="group 111: 65536 bytes"):
        ssv.encode([Group(111, (b"x" * 65533,))])


def test_ssv_errors_are_layout_errors() -> None:
    assert issubclass(SsvError, LayoutError)
    assert issubclass(LayoutError, ValueError)
