"""The SSV groups: bytes and back, cuts, garbage, the order of a card and its pieces."""

import pytest
from anygroups import any_group
from construct import ConstructError
from hypothesis import given
from hypothesis import strategies as st

from bifente.ssv import wire
from bifente.ssv.declared import GROUP, LENGTH
from bifente.ssv.errors import SsvError
from bifente.ssv.groups import GROUPS, Group
from bifente.ssv.people import check_order

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


def test_a_card_written_by_hand() -> None:
    assert wire.encode(CARD) == CARD_BYTES
    assert wire.decode_card(CARD_BYTES) == CARD


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


def test_fields_have_names() -> None:
    assert ASSURED["NIR"] == ASSURED.fields[ASSURED.number("NIR") - 1].decode() == "1421962965165"
    assert ASSURED.number("NIR") == 8
    assert ASSURED.raw("NIR") == b"1421962965165"
    assert ASSURED["type de carte Vitale"] == "T"
    assert ASSURED.description.name == "Données assuré"
    changed = ASSURED.replace("code régime", "02").replace("caisse gestionnaire", "351")
    assert (changed["code régime"], changed["caisse gestionnaire"]) == ("02", "351")
    assert [changed.replace("code régime", "01").replace("caisse gestionnaire", "349")] == [ASSURED]
    assert [field.name for field, _ in ASSURED.items()] == list(GROUPS[101].numbers)
    assert [text.encode("latin-1") for _, text in ASSURED.items()] == list(ASSURED.fields)


def test_an_unknown_name_is_a_key_error_that_lists_the_known_ones() -> None:
    all_names = "it has: date de début des droits AMO, date de fin des droits AMO"
    for take in (RIGHTS.__getitem__, RIGHTS.number, RIGHTS.raw, lambda name: RIGHTS.replace(name, "x")):
        for wrong in ("date de début", 1, 0, -1):
            with pytest.raises(KeyError, match=f"group 105 has no field {wrong!r}; {all_names}"):
                take(wrong)
    with pytest.raises(KeyError, match=all_names):
        Group.of(105, **{"nom usuel": "x"})


def test_groups_are_made_of_what_the_table_knows() -> None:
    with pytest.raises(SsvError, match="group 42"):
        Group.of(42)
    with pytest.raises(SsvError, match="group 105"):
        Group.of(105, "a", "b", "c")
    with pytest.raises(SsvError, match="group 105"):
        Group(105, (b"",))
    with pytest.raises(SsvError, match=r"group 104, field 1: '€' \(U\+20AC, EURO SIGN\) is not in Latin-1"):
        PERSON.replace("nom usuel", "DURAND €")


@given(st.lists(any_group(), max_size=6))
def test_any_groups_come_back(groups: list[Group]) -> None:
    data = wire.encode(groups)
    assert wire.decode(data) == groups
    assert wire.from_json(wire.to_json(groups)) == groups


@given(any_group())
def test_the_declaration_and_the_slicing_agree(group: Group) -> None:
    data = wire.encode([group])
    assert GROUP.build({"id": group.id, "fields": list(group.fields)}) == data
    parsed = GROUP.parse(data)
    assert (parsed.id, tuple(parsed.fields)) == (group.id, group.fields)


@given(any_group(), st.data())
def test_the_declaration_and_the_slicing_refuse_the_same(group: Group, data: st.DataObject) -> None:
    raw = bytearray(wire.encode([group]))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        sliced = wire.decode(bytes(raw))[:1]
    except SsvError:
        sliced = []
    try:
        parsed = GROUP.parse(bytes(raw))
        declared = [Group(parsed.id, tuple(parsed.fields))]
        whole = len(wire.encode(declared)) == len(raw)
    except ConstructError:
        declared, whole = [], True
    if whole:
        assert sliced == declared
    else:
        assert declared


@given(st.lists(any_group(), min_size=1, max_size=2))
def test_a_cut_inside_a_group_is_always_seen(groups: list[Group]) -> None:
    data = wire.encode(groups)
    ends = {len(wire.encode(groups[:count])) for count in range(len(groups) + 1)}
    for size in range(len(data)):
        if size in ends:
            assert wire.decode(data[:size]) == groups[: sorted(ends).index(size)]
        else:
            with pytest.raises(SsvError):
                wire.decode(data[:size])


def test_a_cut_of_a_card_at_each_byte() -> None:
    """Where a cut falls between two groups behind the first beneficiary, a smaller card is left."""
    first = next(at for at, group in enumerate(CARD) if group.id == 104)
    smaller = {len(wire.encode(CARD[:count])) for count in range(first + 1, len(CARD))}
    for size in range(len(CARD_BYTES)):
        if size in smaller:
            assert wire.encode(wire.decode_card(CARD_BYTES[:size])) == CARD_BYTES[:size]
        else:
            with pytest.raises(SsvError):
                wire.decode_card(CARD_BYTES[:size])


@given(st.binary(max_size=200))
def test_garbage_gives_ssv_errors_only(data: bytes) -> None:
    for read in (wire.decode, wire.decode_card):
        try:
            groups = read(data)
        except SsvError:
            continue
        assert wire.encode(groups) == data


@pytest.mark.parametrize(
    ("data", "place", "offset", "group", "field"),
    [
        ("00", "cut", 0, None, None),
        ("FFFF00", "no such group", 0, 0xFFFF, None),
        ("0069", "length is missing", 2, 105, None),
        ("0069 81", "length is cut", 2, 105, None),
        ("0069 80", "not a length", 2, 105, None),
        ("0069 83 000002 00 00", "not a length", 2, 105, None),
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
        wire.decode(bytes.fromhex(data))
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
        check_order([Group.of(identifier) for identifier in ids])


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
    assert wire.decode_card(wire.encode(card)) == card


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
        wire.from_json(value)  # type: ignore[arg-type]


def test_the_json_form() -> None:
    assert wire.to_json([Group.of(111, "é"), RIGHTS]) == [
        {"group": 111, "fields": ["é"]},
        {"group": 105, "fields": ["200501010000", ""]},
    ]


def test_a_field_that_is_too_long_names_itself() -> None:
    with pytest.raises(SsvError, match="group 111, field 1: 65536 bytes"):
        wire.encode([Group(111, (b"x" * 65536,))])
    with pytest.raises(SsvError, match="group 111: 65536 bytes"):
        wire.encode([Group(111, (b"x" * 65533,))])


@pytest.mark.parametrize("length", [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF])
def test_lengths_are_declared_in_their_shortest_form(length: int) -> None:
    short = bytes((length,)) if length < 0x80 else b""
    middle = bytes((0x81, length)) if 0x80 <= length < 0x100 else b""
    long = b"\x82" + length.to_bytes(2, "big") if length >= 0x100 else b""
    assert LENGTH.build(length) == short + middle + long
    assert LENGTH.parse(LENGTH.build(length)) == length


@pytest.mark.parametrize("data", ["", "80", "817F", "81", "8200FF", "8201", "83010000", "FF"])
def test_no_other_lengths_are_declared(data: str) -> None:
    with pytest.raises(ConstructError):
        LENGTH.parse(bytes.fromhex(data))
