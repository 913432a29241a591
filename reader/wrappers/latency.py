"""A card that takes as long as a real one: by the speed of its line, or as recorded.

An emulated card answers hundreds of times faster than plastic. Programs that draw progress bars, set timeouts or use
two cards at once want to be tried at the real pace.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Final, Protocol

from bifente.apdu.link import Card, TransmissionProtocol
from bifente.reader.wrappers.terminalside import TerminalSideWrapper

SLOWEST: Final = 9_600
FASTEST: Final = 115_200
ATR_SPEED: Final = 9_600
"""The ATR always comes at the default speed: 372 clock cycles a bit, about 3.57 MHz (ISO/IEC 7816-3:2006 §8.1)."""

_CHARACTER: Final = 12
"""Elementary time units of a character: start, eight data bits, parity, and two of guard time (ISO/IEC 7816-3:2006
§7.2, §7.3, §10.2)."""
_BLOCK: Final = 254
"""Bytes of an APDU in a T=1 block, at the largest IFSC (ISO/IEC 7816-3:2006 §11.3)."""
_FRAME: Final = 4
"""NAD, PCB, LEN and the check byte of a T=1 block (ISO/IEC 7816-3:2006 §11.3)."""


class LatencyModel(Protocol):
    """How long things take, in seconds, from the terminal's side."""

    def start(self, atr: bytes) -> float:
        """A reset, up to the last byte of the ATR."""

    def command(self, command: bytes, answer: bytes, protocol: TransmissionProtocol) -> float:
        """A command and its answer, both as they go over the line."""


@dataclass(frozen=True, slots=True)
class LineSpeed:
    """The time that the bytes need on the contacts, and *overhead* seconds of the card's own per command.

    *bits_per_second* is what readers call the speed, 9 600 to 115 200: elementary time units in a second. Under T=0
    (ISO/IEC 7816-3:2006 §10.3) a command is a header of five bytes, a procedure byte when data follow in either
    direction, the data, and the status word; a card that refuses a command before taking its data is not modelled.
    Under T=1 command and answer are cut into blocks, each acknowledged by the next one or by an empty one.
    """

    bits_per_second: int
    overhead: float = 0.0

    def __post_init__(self) -> None:
        if not SLOWEST <= self.bits_per_second <= FASTEST:
            raise ValueError(
                f"a card's line runs at {SLOWEST} to {FASTEST} bit/s, not at {self.bits_per_second}"
            )
        if not 0 <= self.overhead < float("inf"):
            raise ValueError(f"the overhead is a number of seconds, not {self.overhead}")

    def start(self, atr: bytes) -> float:
        """The characters of the ATR, at the default speed."""
        return len(atr) * _CHARACTER / ATR_SPEED

    def command(self, command: bytes, answer: bytes, protocol: TransmissionProtocol) -> float:
        """The characters of command and answer."""
        if protocol is TransmissionProtocol.T1:
            characters = _in_blocks(len(command)) + _in_blocks(len(answer))
        else:
            sent = (
                min(len(command) - 5, command[4]) if len(command) > 5 else 0
            )  # a Le behind the data stays behind
            data = sent + max(len(answer) - 2, 0)
            characters = 5 + (1 if data else 0) + data + 2
        return characters * _CHARACTER / self.bits_per_second + self.overhead


class Recorded:
    """The times of a recorded session: the n-th command of an instruction takes as long as its n-th sample did.

    *samples* are (instruction byte, seconds) in the order of the recording; after the last sample of an instruction its
    first comes again. An instruction that was not recorded takes the median of all, a reset the time of its ATR on the
    line. Not to be shared by two cards that are to start at the first sample each.
    """

    def __init__(self, samples: Iterable[tuple[int, float]]) -> None:
        self._samples: dict[int, list[float]] = {}
        for instruction, seconds in samples:
            if not 0 <= instruction <= 0xFF:
                raise ValueError(f"{instruction} is not an instruction byte")
            if not 0 <= seconds < float("inf"):
                raise ValueError(f"a command takes a number of seconds, not {seconds}")
            self._samples.setdefault(instruction, []).append(seconds)
        if not self._samples:
            raise ValueError("a recording without commands says nothing about time")
        self._median = median(one for several in self._samples.values() for one in several)
        self._used = dict.fromkeys(self._samples, 0)

    def start(self, atr: bytes) -> float:
        """The characters of the ATR, at the default speed."""
        return len(atr) * _CHARACTER / ATR_SPEED

    def command(self, command: bytes, answer: bytes, protocol: TransmissionProtocol) -> float:
        """The next sample of the command's instruction."""
        instruction = command[1] if len(command) > 1 else -1
        samples = self._samples.get(instruction)
        if samples is None:
            return self._median
        used = self._used[instruction]
        self._used[instruction] = used + 1
        return samples[used % len(samples)]


class Latency(TerminalSideWrapper):
    """A ``Card`` around a ``Card`` that answers no sooner than *model* says; what the card itself takes counts.

    It stands on the terminal's side of the T=0 front, so that a command with data in both directions takes the time of
    its two exchanges. *sleep* and *clock* are real by default.
    """

    def __init__(
        self,
        card: Card,
        model: LatencyModel,
        *,
        front: bool | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(card, front=front)
        self._model = model
        self._sleep = sleep
        self._clock = clock

    def power_on(self) -> bytes:
        """Cold reset; the ATR comes when it would."""
        begin = self._clock()
        atr = super().power_on()
        self._until(begin + self._model.start(atr))
        return atr

    def reset(self) -> bytes:
        """Warm reset; the ATR comes when it would."""
        begin = self._clock()
        atr = super().reset()
        self._until(begin + self._model.start(atr))
        return atr

    def transmit(self, command: bytes, /) -> bytes:
        """One command; the answer comes when it would."""
        begin = self._clock()
        answer = super().transmit(command)
        self._until(begin + self._model.command(command, answer, self.protocol))
        return answer

    def _until(self, moment: float) -> None:
        left = moment - self._clock()
        if left > 0:
            self._sleep(left)


def _in_blocks(size: int) -> int:
    """Characters of *size* bytes in T=1 blocks, each block but the last with its acknowledgement."""
    blocks = max(-(-size // _BLOCK), 1)
    return size + blocks * _FRAME + (blocks - 1) * _FRAME
