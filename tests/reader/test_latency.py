"""The time of a card by the speed of its line and by a recording, with a clock that is not the wall's."""

from collections.abc import Callable

import pytest

from bifente.apdu.link import TransmissionProtocol
from bifente.reader import TwoSlotReader
from bifente.reader.wrappers.latency import Latency, LatencyModel, LineSpeed, Recorded

ATR_T0 = bytes.fromhex("3B751300004709EA9000")
ATR_T1 = bytes.fromhex("3B8F80010031B86404B0ECC1739401808290000E")
T0, T1 = TransmissionProtocol.T0, TransmissionProtocol.T1


class Time:
    """A clock that only sleeping and working moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Worker:
    """A card that works for a while and answers with so many bytes."""

    def __init__(self, time: Time, atr: bytes = ATR_T0, *, work: float = 0.0, size: int = 0) -> None:
        self.time, self.atr, self.work, self.size = time, atr, work, size

    def power_on(self) -> bytes:
        return self.atr

    def reset(self) -> bytes:
        return self.atr

    def power_off(self) -> None:
        pass

    def transmit(self, command: bytes, /) -> bytes:
        self.time.now += self.work
        return bytes(self.size) + b"\x90\x00"


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def slowed(time: Time) -> Callable[..., Latency]:
    def make(model: LatencyModel, atr: bytes = ATR_T0, **how: float) -> Latency:
        worker = Worker(time, atr, **how)  # type: ignore[arg-type]  # size is an int, written as one
        made = Latency(worker, model, sleep=time.sleep, clock=time.clock)
        made.power_on()
        time.slept.clear()
        return made

    return make


@pytest.mark.parametrize(
    ("command", "answer", "characters"),
    [
        ("00200001", "9000", 5 + 2),  # case 1 goes as a header of five bytes
        ("00B0000000", "00" * 256 + "9000", 5 + 1 + 256 + 2),
        ("00B0000010", "6B00", 5 + 2),  # refused: no procedure byte, no data
        ("0020000108" + "00" * 8, "9000", 5 + 1 + 8 + 2),
        ("00C000000C", "00" * 12 + "9000", 5 + 1 + 12 + 2),
    ],
)
def test_a_t0_command_takes_its_characters(command: str, answer: str, characters: int) -> None:
    seconds = LineSpeed(9600).command(bytes.fromhex(command), bytes.fromhex(answer), T0)
    assert seconds == pytest.approx(characters * 12 / 9600)


def test_a_whole_read_at_the_default_speed_takes_a_third_of_a_second() -> None:
    """256 bytes of 12 etu at 9 600 bit/s; at 115 200 a twelfth of it."""
    read = LineSpeed(9600).command(b"\x00\xb0\x00\x00\x00", bytes(258), T0)
    assert read == pytest.approx(0.33)
    assert LineSpeed(115_200).command(b"\x00\xb0\x00\x00\x00", bytes(258), T0) == pytest.approx(read / 12)


def test_t1_counts_blocks() -> None:
    short = LineSpeed(9600).command(bytes(5), bytes(2), T1)
    assert short == pytest.approx((5 + 4 + 2 + 4) * 12 / 9600)
    chained = LineSpeed(9600).command(bytes(255), bytes(2), T1)
    assert chained == pytest.approx((255 + 4 + 4 + 4 + 2 + 4) * 12 / 9600)


@pytest.mark.parametrize("speed", [0, 9_599, 115_201, -1])
def test_speeds_that_no_reader_has(speed: int) -> None:
    with pytest.raises(ValueError, match="bit/s"):
        LineSpeed(speed)


@pytest.mark.parametrize("overhead", [-0.1, float("inf"), float("nan")])
def test_overheads_that_are_none(overhead: float) -> None:
    with pytest.raises(ValueError, match="overhead"):
        LineSpeed(9600, overhead)


def test_the_atr_comes_at_the_default_speed(time: Time) -> None:
    card = Latency(Worker(time), LineSpeed(115_200), sleep=time.sleep, clock=time.clock)
    card.power_on()
    card.reset()
    assert time.slept == [pytest.approx(len(ATR_T0) * 12 / 9600)] * 2


def test_the_work_of_the_card_counts(slowed: Callable[..., Latency], time: Time) -> None:
    line = 7 * 12 / 9600
    slowed(LineSpeed(9600, 0.1), work=0.04).transmit(b"\x00\x20\x00\x01")
    assert time.slept == [pytest.approx(line + 0.1 - 0.04)]
    time.slept.clear()
    slowed(LineSpeed(9600, 0.1), work=5.0).transmit(b"\x00\x20\x00\x01")
    assert time.slept == []


def test_a_t0_card_is_slowed_outside_its_front(slowed: Callable[..., Latency], time: Time) -> None:
    """A command with data both ways takes the time of its two exchanges."""
    card = slowed(LineSpeed(9600), size=12)
    assert card.speaks_tpdu
    assert card.transmit(bytes.fromhex("0088000001AA00")) == b"\x61\x0c"
    assert card.transmit(bytes.fromhex("00C000000C")) == bytes(12) + b"\x90\x00"
    assert time.slept == [
        pytest.approx((5 + 1 + 1 + 2) * 12 / 9600),
        pytest.approx((5 + 1 + 12 + 2) * 12 / 9600),
    ]


def test_a_t1_card_has_no_front(slowed: Callable[..., Latency]) -> None:
    card = slowed(LineSpeed(9600), ATR_T1, size=12)
    assert not card.speaks_tpdu
    assert card.protocol is T1
    assert card.transmit(bytes.fromhex("0088000001AA00")) == bytes(12) + b"\x90\x00"


def test_a_recording_is_played_in_its_order(slowed: Callable[..., Latency], time: Time) -> None:
    card = slowed(Recorded([(0xB0, 0.1), (0x20, 0.5), (0xB0, 0.3)]), ATR_T1)
    for command in ("00B0000001", "00B0000001", "0020000100", "00B0000001", "00A4000000", "00"):
        card.transmit(bytes.fromhex(command))
    assert time.slept == [pytest.approx(one) for one in (0.1, 0.3, 0.5, 0.1, 0.3, 0.3)]


@pytest.mark.parametrize("samples", [[], [(256, 0.1)], [(-1, 0.1)], [(0xB0, -1.0)], [(0xB0, float("nan"))]])
def test_recordings_that_are_none(samples: list[tuple[int, float]]) -> None:
    with pytest.raises(ValueError):
        Recorded(samples)


def test_in_a_reader(time: Time) -> None:
    card = Latency(Worker(time, size=3), LineSpeed(9600), sleep=time.sleep, clock=time.clock)
    with TwoSlotReader() as reader:
        reader.insert("CPS", card)
        time.slept.clear()
        with reader.link("CPS") as link:
            assert link.transmit(bytes.fromhex("0084000003")) == bytes(3) + b"\x90\x00"
    assert time.slept == [pytest.approx((5 + 1 + 3 + 2) * 12 / 9600)]
