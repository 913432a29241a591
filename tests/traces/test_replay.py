"""A recorded card in a slot again: what it answers under each policy, and what it reports."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from issued import records

from bifente.applets import card_of
from bifente.applets.store.stores import MemoryStore
from bifente.reader import TwoSlotReader
from bifente.traces.errors import TraceError
from bifente.traces.explanation.dialogue import Follower
from bifente.traces.files import TraceList
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, Item, Level, ReaderEvent, Trace, TraceHeader
from bifente.traces.record import Recorder
from bifente.traces.replaying.recall import CommandIndex, with_and_without_le
from bifente.traces.replaying.replay import NO_ANSWER, NOT_IN_TRACE, Policy, ReplayCard

ATR = bytes.fromhex("3BAC00402A001225006480000310009000")
OTHER_ATR = bytes.fromhex("3B751300004709EA9000")

every_policy = pytest.mark.parametrize("policy", list(Policy))


def exchange(command: str, response: str, level: Level = Level.APDU) -> Exchange:
    return Exchange(
        MaskedBytes.parse(command.replace(" ", "")), MaskedBytes.parse(response.replace(" ", "")), level=level
    )


def trace(*items: Item | tuple[str, str], atr: bytes | None = ATR) -> Trace:
    return Trace(
        TraceHeader(atr=atr),
        tuple(item if isinstance(item, Exchange | ReaderEvent) else exchange(*item) for item in items),
    )


def reset(atr: bytes = ATR) -> ReaderEvent:
    return ReaderEvent(EventKind.WARM_RESET, atr=atr)


def ask(card: ReplayCard, *commands: str) -> list[str]:
    return [card.transmit(bytes.fromhex(command)).hex().upper() for command in commands]


@every_policy
def test_the_recorded_dialogue_is_replayed_whole(policy: Policy) -> None:
    store = MemoryStore(records("gp"))
    sink = TraceList()
    with TwoSlotReader() as reader:
        reader.insert("CPS", Recorder(card_of(store, "cps3"), sink, level=Level.APDU))
        link = reader.link("CPS")
        commands = [
            bytes.fromhex(text)
            for text in (
                "00A4040C0DE828BD080F8025000001FF0010", "002000010431323334", "00A4020402D120", "00C0000026",
                "00B0000010", "0084000008", "0084000008", "00CB3FFF0A4D087006BF810102A08000", "00C0000000",
            )
        ]  # fmt: skip
        said = [link.transmit(command) for command in commands]
    card = ReplayCard(sink.trace(TraceHeader(atr=ATR)), policy)
    with TwoSlotReader() as reader:
        assert reader.insert("CPS", card) == ATR
        link = reader.link("CPS")
        assert [link.transmit(command) for command in commands] == said
    assert card.missed == 0
    assert "0 misses" not in card.report()[0]


def test_strict_takes_the_next_or_nothing() -> None:
    card = ReplayCard(trace(("00A40400", "9000"), ("00B0000002", "01029000")), Policy.STRICT)
    card.power_on()
    assert ask(card, "00B0000002", "00A40400", "00A40400", "00B0000002") == [
        "6FFF",
        "9000",
        "6FFF",
        "01029000",
    ]
    assert [(miss.number, miss.expected and miss.expected.hex()) for miss in card.misses] == [
        (1, "00A40400"),
        (3, "00B0000002"),
    ]


def test_search_goes_forward_and_begins_again_behind_the_reset() -> None:
    card = ReplayCard(
        trace(
            reset(), ("0084000002", "00009000"),
            reset(OTHER_ATR), ("0084000002", "01019000"), ("00A40400", "9000"), ("0084000002", "02029000"),
        )
    )  # fmt: skip
    assert (card.power_on(), card.power_on()) == (ATR, OTHER_ATR)
    assert ask(card, "0084000002", "0084000002", "0084000002", "00A40400") == [
        "01019000", "02029000", "01019000", "9000",
    ]  # fmt: skip
    assert card.reset() == ATR
    assert ask(card, "0084000002") == ["00009000"]


def test_stateful_knows_the_files_apart() -> None:
    first, second = "00A4020C02D120", "00A4020C02D121"
    card = ReplayCard(
        trace(
            (first, "9000"), ("00B0000001", "119000"), (second, "9000"), ("00B0000001", "229000"),
        ),
        Policy.STATEFUL,
    )  # fmt: skip
    card.power_on()
    assert ask(card, second, "00B0000001", "00B0000001", first, "00B0000001", second, "00B0000001") == [
        "9000", "229000", "229000", "9000", "119000", "9000", "229000",
    ]  # fmt: skip


def test_stateful_gives_several_answers_in_turn() -> None:
    card = ReplayCard(trace(("0084000001", "119000"), ("0084000001", "229000")), Policy.STATEFUL)
    for _ in range(2):
        card.power_on()
        assert ask(card, "0084000001", "0084000001", "0084000001") == ["119000", "229000", "229000"]


def test_stateful_keeps_a_pin_apart() -> None:
    card = ReplayCard(
        trace(("00B0000001", "6982"), ("0020000104********", "9000"), ("00B0000001", "119000")),
        Policy.STATEFUL,
    )
    card.power_on()
    assert ask(card, "00B0000001", "00B0000001", "002000010431323334", "00B0000001") == [
        "6982", "6982", "9000", "119000",
    ]  # fmt: skip


@every_policy
def test_masked_bytes_match_any_of_their_length(policy: Policy) -> None:
    card = ReplayCard(trace(("0020000104********", "9000"), ("002A808602****", "**9000")), policy)
    card.power_on()
    assert ask(card, "002000010431323334", "002A8086020102") == ["9000", "009000"]
    assert ask(card, "00200001083132333435363738") == ["6FFF"]


@every_policy
@pytest.mark.parametrize(
    ("recorded", "asked"),
    [
        ("00A40204020001", "00A4020402000100"),
        ("00A4020402000100", "00A40204020001"),
        ("00840000", "0084000000"),
        ("0084000000", "00840000"),
    ],
)
def test_le_does_not_count(policy: Policy, recorded: str, asked: str) -> None:
    card = ReplayCard(trace((recorded, "9000")), policy)
    card.power_on()
    assert ask(card, asked) == ["9000"]


def test_a_pasted_dialogue_of_a_t0_card_is_replayed_behind_the_front() -> None:
    card = ReplayCard(trace(("00A40204020001", "01029000"), ("00B0000001", "119000")), Policy.STRICT)
    with TwoSlotReader() as reader:
        reader.insert("CPS", card)
        link = reader.link("CPS")
        said = [link.transmit(bytes.fromhex(text)) for text in ("00A40204020001", "00C0000002", "00B0000001")]
    assert [answer.hex() for answer in said] == ["6102", "01029000", "119000"]


@every_policy
def test_a_pin_is_not_in_the_miss_report(policy: Policy) -> None:
    card = ReplayCard(trace(("00A40400", "9000")), policy)
    card.power_on()
    assert card.transmit(bytes.fromhex("002000010438323634")) == NOT_IN_TRACE
    report = "\n".join(card.report())
    assert "0020000104********" in report
    assert "38323634" not in report + repr(card.misses)


def test_the_t0_front_is_left_out_where_the_trace_shows_tpdus() -> None:
    assert not ReplayCard(trace(("00A40400", "9000"))).speaks_tpdu
    assert ReplayCard(trace(("00A40400", "6102"))).speaks_tpdu
    assert ReplayCard(trace(exchange("00A40400", "9000", Level.TPDU))).speaks_tpdu


def test_what_was_not_answered_then() -> None:
    card = ReplayCard(trace(("00A40400", "")))
    card.power_on()
    assert card.transmit(bytes.fromhex("00A40400")) == NO_ANSWER


def test_traces_that_cannot_be_replayed() -> None:
    with pytest.raises(TraceError, match="no exchange"):
        ReplayCard(trace(reset()))
    with pytest.raises(TraceError, match="ATR"):
        ReplayCard(trace(("00A40400", "9000"), atr=None))
    mixed = Trace(
        TraceHeader(atr=ATR),
        (Exchange(MaskedBytes(b"a"), MaskedBytes(b"bb"), slot="CPS"), exchange("00", "9000")),
    )
    with pytest.raises(TraceError, match="several slots"):
        ReplayCard(mixed)
    assert ReplayCard(mixed, slot="CPS").unused == 1
    assert ReplayCard(trace(("00A40400", "9000"), atr=None), atr=ATR).power_on() == ATR


@every_policy
@given(commands=st.lists(st.binary(max_size=8), max_size=12), cut=st.integers(0, 4))
def test_any_command_is_answered_with_at_least_two_bytes(
    policy: Policy, commands: list[bytes], cut: int
) -> None:
    items = [("00A40400", "9000"), ("0084000001", "119000"), ("0020000104********", "63C2"), ("00B0", "")]
    card = ReplayCard(trace(*items[: max(cut, 1)]), policy)
    card.power_on()
    for command in commands:
        assert len(card.transmit(command)) >= 2
    assert card.answered + card.missed == len(commands)


def long_trace(count: int) -> list[Item]:
    """Files selected, PINs presented (masked in two ways), keys loaded, the same record read in each file."""
    items: list[Item] = []
    for number in range(count):
        items += [
            exchange(f"00A4020C02{number:04X}", "9000"),
            exchange("0020000104********", "9000"),
            exchange(f"00DB{number:04X}04********", "9000"),
            exchange("0020********", "6700"),
            exchange("00B0000001", f"{number & 0xFF:02X}9000"),
        ]
    return items


def cost(policy: Policy, count: int) -> tuple[float, float]:
    """Look-ups a command, in the recorded order and then backwards with other PINs."""
    card = ReplayCard(trace(*long_trace(count)), policy)
    card.power_on()
    found = []
    for order in (range(count), reversed(range(count))):
        before = card.lookups
        for number in order:
            ask(card, f"00A4020C02{number:04X}", f"0020000104{number:08X}", f"00DB{number:04X}04{number:08X}")
            ask(card, f"0020{number:08X}", "00B0000001")
        found.append((card.lookups - before) / count)
    return found[0], found[1]


@every_policy
def test_a_command_costs_the_same_in_a_long_trace_as_in_a_short_one(policy: Policy) -> None:
    short, long = cost(policy, 40), cost(policy, 1600)
    assert all(many <= few + 1 for few, many in zip(short, long, strict=True))
    assert max(long) <= 60


masked_bytes = st.builds(
    MaskedBytes.hiding,
    st.binary(max_size=8).map(lambda raw: bytes(byte & 1 for byte in raw)),
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=2),
)


@given(
    st.lists(masked_bytes, max_size=12),
    st.lists(st.integers(0, 1), max_size=8).map(bytes),
    st.integers(0, 12),
)
@example([MaskedBytes.parse("****"), MaskedBytes.parse("0001"), MaskedBytes.parse("00**")], b"\0\1", 1)
def test_what_is_looked_up_is_what_matches(recorded: list[MaskedBytes], command: bytes, at: int) -> None:
    index = CommandIndex(recorded)
    matching = [number for number, each in enumerate(recorded) if each.matches(command)]
    for variant in with_and_without_le(command):
        matching = matching or [number for number, each in enumerate(recorded) if each.matches(variant)]
    places = index.places(command)
    assert sorted(number for place in places for number in index.numbers[place]) == matching
    assert index.next_of(places, at) == next((number for number in matching if number >= at), None)


learnt = st.sampled_from(
    ["00A4020C02D120", "00A404000DE828BD080F8025000001FF0010", "00A40300", "002000010431323334", "0020FF00",
     "002241B606840181800142", "00820000020102", "00C0000002", "00B08100", "00B0000001", "0084000008", "10A4",
     "102A00AE0101", "00C0", "A0A4000002", "0020", ""]
)  # fmt: skip


@given(
    st.lists(
        st.tuples(learnt, st.sampled_from(["9000", "6102", "6C02", "63C2", "6983", "019000", ""])),
        max_size=20,
    )
)
def test_to_follow_a_dialogue_teaches_the_same_as_to_explain_it(dialogue: list[tuple[str, str]]) -> None:
    explained, followed = Follower(), Follower()
    for follower in (explained, followed):
        follower.explain(reset())
    for command, response in dialogue:
        item = exchange(command, response)
        explained.explain(item)
        before = followed.state().copy()
        changed = followed.follow(item)
        known, state = explained.state(), followed.state()
        for name in ("directory", "aid", "file", "fid", "verified", "recognised", "environment", "chained"):
            assert getattr(known, name) == getattr(state, name)
        assert (known.waiting and known.waiting.command) == (state.waiting and state.waiting.command)
        assert changed or state == before
