"""The official fictitious cards: all parse and come back byte for byte, and one cut inside a group is refused."""

from contextlib import suppress

import pytest

from bifente.layouts.codecs import groupfiles
from bifente.ssv import wire
from bifente.ssv.declared import GROUP
from bifente.ssv.errors import SsvError
from bifente.ssv.findings import FindingKind, describe, findings, unusual_end
from bifente.ssv.groups import Group


@pytest.fixture(scope="module")
def cards(virtual_cards: list) -> dict[str, tuple[bytes, list[Group]]]:
    contents = {path.name: path.read_bytes() for path in virtual_cards}
    return {name: (data, wire.decode_card(data)) for name, data in contents.items()}


def test_there_are_106_and_they_come_back_byte_for_byte(cards: dict) -> None:
    assert len(cards) == 106
    for name, (data, groups) in cards.items():
        assert wire.encode(groups) == data, name
        assert wire.from_json(wire.to_json(groups)) == groups, name
    assert max(len(data) for data, _ in cards.values()) == 8916


def test_they_come_back_from_their_pieces(cards: dict) -> None:
    for name, (data, groups) in cards.items():
        pieces = groupfiles.split(groups)
        files = {
            piece: groupfiles.GroupsCodec().encode(wire.to_json(content)) for piece, content in pieces.items()
        }
        read = {piece: wire.decode(files[piece]) for piece in reversed(files)}
        assert wire.encode(groupfiles.join(read)) == data, name


def test_the_declaration_builds_the_same_bytes(cards: dict) -> None:
    for name, (data, groups) in cards.items():
        if len(data) < 500:
            built = [GROUP.build({"id": group.id, "fields": list(group.fields)}) for group in groups]
            assert b"".join(built) == data, name


def test_whole_cards_that_end_unusually_are_few(cards: dict) -> None:
    """At most one in ten; of the cards that a cut between two groups leaves, most end so."""
    whole = [name for name, (_, groups) in cards.items() if unusual_end(groups)]
    cut = []
    for _, groups in cards.values():
        for size in range(1, len(groups)):
            with suppress(SsvError):
                cut.append(bool(unusual_end(wire.decode_card(wire.encode(groups[:size])))))
    assert 0 < len(whole) <= len(cards) // 10, whole
    assert sum(cut) > 2 / 3 * len(cut)


def test_a_file_cut_at_any_byte_is_refused_but_where_it_is_a_smaller_card(cards: dict) -> None:
    for name, (data, groups) in cards.items():
        if len(data) > 700:
            continue
        first = next(at for at, group in enumerate(groups) if group.id == 104)
        smaller = {len(wire.encode(groups[:count])) for count in range(first + 1, len(groups))}
        accepted = set()
        for size in range(len(data)):
            try:
                wire.decode_card(data[:size])
            except SsvError:
                continue
            accepted.add(size)
        assert accepted == smaller, name


def test_what_is_odd_about_them(cards: dict) -> None:
    """Wrong keys are those of two certified NIRs; the NIRs of the assured are all right."""
    kinds: dict[FindingKind, int] = {}
    for _, groups in cards.values():
        found = findings(groups)
        assert any(finding.kind is FindingKind.TEST_CARD for finding in found)
        for finding in found:
            kinds[finding.kind] = kinds.get(finding.kind, 0) + 1
            nir = groups[0]["NIR"]
            assert nir not in finding.message
    assert kinds[FindingKind.CERTIFIED_NIR_KEY] == 2
    assert kinds[FindingKind.DATE] == 57
    assert kinds[FindingKind.CODE] == 1
    assert not kinds.keys() & {
        FindingKind.NIR_KEY,
        FindingKind.NIR_SHAPE,
        FindingKind.NO_DATE,
        FindingKind.SIZE,
        FindingKind.PERIOD,
        FindingKind.TOO_MANY,
        FindingKind.BOTH_COMPLEMENTARY,
    }


def test_each_field_is_described(cards: dict) -> None:
    for _, groups in cards.values():
        for group in groups:
            lines = describe(group)
            assert [number for number, *_ in lines] == list(range(1, len(group.fields) + 1))
            assert [text for _, _, text, _ in lines] == [
                group[description.name] for _, description, *_ in lines
            ]
