"""T=0 halves put together, and two traces compared by what was said."""

from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bifente.traces.comparison.align import WINDOW
from bifente.traces.comparison.diff import Difference, compare
from bifente.traces.join import counted, joined
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, Item, Level, ReaderEvent

ATR = bytes.fromhex("3BAC00402A001225006480000310009000")
RESET = ReaderEvent(EventKind.COLD_RESET, atr=ATR)


def said(*pairs: tuple[str, str], slot: str = "") -> list[Item]:
    return [
        Exchange(MaskedBytes.parse(command), MaskedBytes.parse(response), at * 100, 10, slot)
        for at, (command, response) in enumerate(pairs)
    ]


def texts(items: list[Item]) -> list[tuple[str, str]]:
    return [(item.command.hex(), item.response.hex()) for item in items if isinstance(item, Exchange)]


@pytest.mark.parametrize(
    ("halves", "whole"),
    [
        ([("00A40400", "6102"), ("00C0000002", "01029000")], [("00A40400", "01029000")]),
        (
            [("002A9E9A", "6100"), ("00C00000E7", "AA6119"), ("00C0000019", "BB9000")],
            [("002A9E9A", "AABB9000")],
        ),
        ([("00B09C00C0", "6C02"), ("00B09C0002", "01029000")], [("00B09C0002", "01029000")]),
        (
            [("00A40400", "6102"), ("00C0000003", "6C02"), ("00C0000002", "01029000")],
            [("00A40400", "01029000")],
        ),
        ([("00A40400", "6102"), ("00B0000001", "019000")], [("00A40400", "6102"), ("00B0000001", "019000")]),
        ([("00C0000002", "6985")], [("00C0000002", "6985")]),
        ([("00A40400", "6102")], [("00A40400", "6102")]),
        ([("002A80860400000000", "6102"), ("00C0000002", "****9000")], [("002A80860400000000", "****9000")]),
    ],
)
def test_halves_are_put_together(halves: list[tuple[str, str]], whole: list[tuple[str, str]]) -> None:
    items = list(joined(said(*halves)))
    assert texts(items) == whole
    assert sum(count for _, count in counted(said(*halves))) == len(halves)
    first = items[0]
    if len(whole) < len(halves):
        assert isinstance(first, Exchange)
        assert (first.level, first.time, first.duration) == (Level.APDU, 0, (len(halves) - 1) * 100 + 10)


def test_halves_of_two_slots_are_kept_apart() -> None:
    mixed = [
        *said(("00A40400", "6101"), slot="CPS"),
        *said(("00A40400", "6101"), slot="Vitale"),
        *said(("00C0000001", "019000"), slot="Vitale"),
        *said(("00C0000001", "029000"), slot="CPS"),
    ]
    found = {item.slot: item.response.hex() for item in joined(mixed) if isinstance(item, Exchange)}
    assert found == {"CPS": "029000", "Vitale": "019000"}


@given(
    st.lists(
        st.tuples(st.binary(max_size=6), st.binary(max_size=4), st.sampled_from(["", "CPS"])), max_size=10
    )
)
def test_nothing_is_lost_by_putting_together(parts: list[tuple[bytes, bytes, str]]) -> None:
    items = [
        Exchange(MaskedBytes(command), MaskedBytes(response), slot=slot) for command, response, slot in parts
    ]
    assert sum(count for _, count in counted(items)) == len(items)


def fields(result: Difference) -> list[tuple[str, str, str]]:
    return [(each.field, each.was, each.became) for each in result.divergences]


SELECT, ACTIVITY = "00A4040C0DE828BD080F8025000001FF0010", "00A4020402D120"


def test_a_trace_is_the_same_as_itself() -> None:
    items = [RESET, *said((SELECT, "9000"), (ACTIVITY, "6F009000"))]
    result = compare(items, items)
    assert (result.same, result.compared) == (True, 3)


def test_what_is_left_to_chance_does_not_count() -> None:
    one = said(("0084000002", "AAAA9000"), ("0088000002AAAA10", "11119000"), ("0020000104********", "9000"))
    other = said(("0084000002", "BBBB9000"), ("0088000002BBBB10", "22229000"), ("002000010431323334", "9000"))
    assert compare(one, other).same
    longer = said(
        ("0084000002", "BBBBBB9000"), ("0088000002BBBB10", "22229000"), ("002000010431323334", "9000")
    )
    assert fields(compare(one, longer)) == [("length", "2", "3")]


def test_how_it_was_said_does_not_count() -> None:
    halves = said((SELECT, "9000"), (ACTIVITY, "6102"), ("00C0000002", "01029000"), ("00B0000040", "6C01"),
                  ("00B0000001", "119000"))  # fmt: skip
    whole = said((SELECT, "9000"), (f"{ACTIVITY}00", "01029000"), ("00B0000000", "119000"))
    assert compare(halves, whole).same


def test_the_first_divergence_is_named_with_file_and_data_object() -> None:
    one = [RESET, *said((SELECT, "9000"), (ACTIVITY, "9000"), ("00B0000000", "30068001AA8101BB9000"))]
    other = [RESET, *said((SELECT, "9000"), (ACTIVITY, "9000"), ("00B0000000", "30068001AA8101CC9000"))]
    (divergence,) = compare(one, other).divergences
    assert (divergence.path, divergence.field) == ("CPX IAS/CPS_ACTIVITY_01_PS", "data 30/81")
    assert (divergence.was, divergence.became) == ("BB", "CC")
    assert (divergence.first, divergence.second) == (3, 3)
    assert "CPX IAS/CPS_ACTIVITY_01_PS" in str(divergence)


def test_status_words_and_atrs_count() -> None:
    one = [RESET, *said((ACTIVITY, "9000"))]
    other = [ReaderEvent(EventKind.INSERTED, atr=b"\x3b\x00"), *said((ACTIVITY, "6A82"))]
    assert fields(compare(one, other)) == [
        ("ATR", ATR.hex().upper(), "3B00"),
        ("status word", "9000", "6A82"),
    ]


def test_the_traces_are_aligned_behind_what_one_of_them_lacks() -> None:
    common = [("00A4020402D120", "9000"), ("00A4020402D121", "9000"), ("00A4020402D122", "9000")]
    one = said(common[0], ("00CA000000", "6A88"), *common[1:])
    other = said(*common, ("00CA010000", "6A88"))
    result = compare(one, other)
    assert result.compared == 3
    assert [(each.field, each.first, each.second) for each in result.divergences] == [
        ("exchange", 2, None),
        ("exchange", None, 4),
    ]


def test_more_than_a_window_apart() -> None:
    many = [(f"00A40204020{number:03X}", "9000") for number in range(3 * WINDOW)]
    result = compare(said(*many), said(("00CA000000", "6A88")), most=5)
    assert (result.compared, result.count, len(result.divergences)) == (0, 3 * WINDOW + 1, 5)


def test_slots_are_named() -> None:
    one, other = said((ACTIVITY, "9000"), slot="CPS"), said((ACTIVITY, "6A82"), slot="CPS")
    assert compare(one, other).divergences[0].slot == "CPS"
    assert not compare(one, said((ACTIVITY, "9000"), slot="Vitale")).same


answers = st.sampled_from(["9000", "0102039000", "6A82", "6102", "6C02", "", "30038001AA9000", "****9000"])
asked = st.sampled_from(
    ["00A40400", "00C0000002", "00B0000000", "0084000008", "0020000104********", "80", ""]
)
dialogues = st.lists(st.tuples(asked, answers), max_size=12)


@given(dialogues)
def test_any_trace_is_the_same_as_itself(dialogue: list[tuple[str, str]]) -> None:
    assert compare(said(*dialogue), said(*dialogue)).same


@example(
    [("00C0000002", "6102"), ("00C0000002", "6102"), ("0020000104********", "")],
    [("00C0000002", "6102"), ("0020000104********", ""), ("00C0000002", "6102")],
)
@given(dialogues, dialogues)
def test_the_order_of_the_two_does_not_decide(
    one: list[tuple[str, str]], other: list[tuple[str, str]]
) -> None:
    there, back = compare(said(*one), said(*other)), compare(said(*other), said(*one))
    assert there.same == back.same


def poll(count: int, between: int) -> list[tuple[str, str]]:
    """The same question again and again, and something else between."""
    return [
        ("0084000008", "00112233445566779000") if at % 2 else (f"00A4020C02{between + at:04X}", "9000")
        for at in range(count)
    ]


def scattered(count: int, seed: int, kinds: int) -> list[tuple[str, str]]:
    chance = Random(seed)
    return [(f"00B0{chance.randrange(kinds):04X}01", f"{chance.randrange(2):02X}9000") for _ in range(count)]


PAIRS = {
    "a poll with something between": lambda count: (poll(count, 0), poll(count, 0x4000)),
    "a poll alone": lambda count: ([poll(2, 0)[1]] * count, poll(count, 0)),
    "nothing in common": lambda count: (poll(count, 0)[::2] * 2, scattered(count, 1, 1000)),
    "few commands in any order": lambda count: (scattered(count, 1, 4), scattered(count, 2, 4)),
    "many commands in any order": lambda count: (scattered(count, 1, 300), scattered(count, 2, 300)),
    "backwards": lambda count: (scattered(count, 1, 50), scattered(count, 1, 50)[::-1]),
    "each third twice": lambda count: (
        poll(count, 0),
        [each for at, each in enumerate(poll(count, 0)) for _ in range(2 if at % 3 == 0 else 1)][:count],
    ),
    "periods that do not fit": lambda count: (
        [scattered(7, 1, 90)[at % 7] for at in range(count)],
        [scattered(7, 1, 90)[at * 3 % 7] for at in range(count)],
    ),
    "masked on one side": lambda count: (
        [("0020000104********", "9000")] * count,
        [(f"00D60000{4:02X}********", "9000")] * count,
    ),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("most", [1, 1_000_000])
def test_what_a_comparison_costs_grows_with_the_traces_and_no_faster(name: str, most: int) -> None:
    """A trace against itself looks once at each item; any other pair a few times, however long the traces are."""
    costs = []
    for count in (300, 2400):
        one, other = PAIRS[name](count)
        result = compare(said(*one), said(*other), most=most)
        costs.append(result.looked / count)
        assert compare(said(*one), said(*one)).looked == count
    assert costs[1] <= costs[0] * 1.2 + 1
    assert max(costs) <= 16


@given(st.lists(st.integers(0, 5), max_size=60), st.lists(st.integers(0, 5), max_size=60), st.booleans())
def test_the_cost_of_any_two_is_bounded(one: list[int], other: list[int], shifted: bool) -> None:
    first = [(f"00B0{number:04X}01", "009000") for number in one]
    second = [(f"00B0{number + (3 if shifted else 0):04X}01", "009000") for number in other]
    result = compare(said(*first), said(*second), most=1_000_000)
    assert result.looked <= 24 * (len(one) + len(other)) + 600
    assert 2 * result.compared + result.count == len(one) + len(other)


def test_a_long_insertion_is_found_to_be_one() -> None:
    """Though what was inserted holds commands of what follows."""
    common = [(f"00B0{at:04X}01", "009000") for at in range(400)]
    inserted = [(f"00B0{at * 7 % 400:04X}01", "009000") for at in range(90)]
    result = compare(said(*common), said(*common[:200], *inserted, *common[200:]))
    assert (result.compared, result.count) == (400, 90)


def test_behind_what_is_shown_an_answer_counts_once() -> None:
    was, became = ("00B0000000", "8001AA8101BB9000"), ("00B0000000", "8001AB8101BC9000")
    assert compare(said(was, was), said(became, became)).count == 4
    assert compare(said(was, was), said(became, became), most=1).count == 3
