"""Cases, what each needs, and the bench on which one runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from threading import Thread
from typing import Final, Generic, TypeVar

from bifente.apdu.link import Link, TransmissionProtocol
from bifente.apdu.response import ResponseAPDU
from bifente.conformance.errors import CannotRun, Nonconformity
from bifente.conformance.model import CaseStep
from bifente.conformance.target import CardUnderTest, ColdLink, ConformanceTarget, Hands
from bifente.layouts.registry import layout_of
from bifente.terminal.processors import GetResponse, WrongLe
from bifente.traces.cleaning.mask import Masker

SUITES: Final = ("reader", "iso7816", "cps", "vitale", "terminal")

_SHOWN: Final = 48
"""How many bytes of a long command or answer stand in a report."""

Result = TypeVar("Result")


class Need(StrEnum):
    """What a case needs besides its cards, in the words that say so when it is missing."""

    PIN = "the PIN"
    PUK = "the PUK"
    DESTRUCTIVE = "leave to consume PIN tries and to write"
    PCSC = "a reader behind PC/SC"
    HANDS = "somebody to take the card out and put it back, which nobody does with a real reader"
    T0 = "a card that speaks T=0"
    KNOWN = "an emulated card, whose content is known"


@dataclass(frozen=True, slots=True)
class ConformanceCase:
    """One thing that a card or reader promises. ``run`` raises Nonconformity when it does not keep it."""

    id: str
    suite: str
    title: str
    clause: str
    kinds: tuple[str, ...]
    """The cards it takes."""
    needs: frozenset[Need]
    run: Callable[["Bench"], None]

    def missing(self, target: ConformanceTarget) -> str | None:
        """Why it cannot run on *target*, None when it can."""
        for kind in self.kinds:
            card = target.cards.get(kind)
            if card is None:
                return f"needs a card of kind {kind}"
            without = (Need.PIN in self.needs and card.pin is None) or (
                Need.PUK in self.needs and card.puk is None
            )
            if without and layout_of(kind).pins:
                return f"needs {Need.PIN if card.pin is None else Need.PUK}"
            if Need.KNOWN in self.needs and card.real:
                return f"needs {Need.KNOWN}"
        if Need.DESTRUCTIVE in self.needs and not target.destructive:
            return f"needs {Need.DESTRUCTIVE}"
        if Need.PCSC in self.needs and not target.pcsc:
            return f"needs {Need.PCSC}"
        if Need.HANDS in self.needs and target.hands is None:
            return f"needs {Need.HANDS}"
        return None


class TapedLink:
    """A link that writes down, masked, what goes over it. ``transmit`` refuses answers below two bytes."""

    def __init__(self, link: ColdLink, card: CardUnderTest, tape: list[CaseStep]) -> None:
        self._link = link
        self._card = card
        self._tape = tape
        self._masker = Masker()
        self.transaction = link.transaction

    @property
    def atr(self) -> bytes:
        """The ATR of the last reset."""
        return self._link.atr

    @property
    def protocol(self) -> TransmissionProtocol:
        """The protocol chosen with the card."""
        return self._link.protocol

    def transmit(self, command: bytes, /) -> bytes:
        """Send one command; Nonconformity when the answer is shorter than a status word."""
        try:
            answer = self._link.transmit(command)
        except Exception as error:
            self._note(command, b"", str(error))
            raise
        self._note(command, answer, "")
        if len(answer) < 2:
            raise Nonconformity(f"an answer of {len(answer)} bytes: a response APDU has at least two")
        return answer

    def _note(self, command: bytes, answer: bytes, error: str) -> None:
        sent, came = (part.hex() for part in self._masker.mask(command, answer))
        if self._card.real and len(answer) > 2:
            came = f"<{len(answer) - 2} bytes> {answer[-2:].hex().upper()}"
        self._tape.append(CaseStep(self._card.place, _cut(sent), error or _cut(came)))

    def reset(self) -> bytes:
        """Warm reset. Returns the ATR."""
        self._masker.reset()
        atr = self._link.reset()
        self._tape.append(CaseStep(self._card.place, "warm reset", atr.hex().upper()))
        return atr

    def cold_reset(self) -> bytes:
        """Cold reset. Returns the ATR."""
        self._masker.reset()
        atr = self._link.cold_reset()
        self._tape.append(CaseStep(self._card.place, "cold reset", atr.hex().upper()))
        return atr

    def close(self) -> None:
        """Let go of the card."""
        self._link.close()


def _cut(text: str) -> str:
    if len(text) <= 2 * _SHOWN + 8:
        return text
    return f"{text[: 2 * _SHOWN]}…{text[-4:]} ({len(text) // 2} bytes)"


class Bench:
    """Where one case runs: links that are reset when opened and closed afterwards, and a tape of what was done."""

    def __init__(self, target: ConformanceTarget) -> None:
        self.target = target
        self.steps: list[CaseStep] = []
        self._cleanings: list[Callable[[], object]] = []

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        while self._cleanings:
            self._cleanings.pop()()

    def afterwards(self, clean: Callable[[], object]) -> None:
        """Do *clean* when the case is over, however it ends; the last first."""
        self._cleanings.append(clean)

    def link(self, kind: str, *, fresh: bool = True) -> TapedLink:
        """A link to the card of that kind, warm-reset unless *fresh* is False. Raises LinkError."""
        link = TapedLink(self.target.link(kind), self.target.cards[kind], self.steps)
        self.afterwards(link.close)
        if fresh:
            link.reset()
        return link

    def card(self, kind: str) -> CardUnderTest:
        """The card of that kind."""
        return self.target.cards[kind]

    @property
    def hands(self) -> Hands:
        """The hands at the reader."""
        if self.target.hands is None:
            raise CannotRun(f"needs {Need.HANDS}")
        return self.target.hands

    def note(self, where: str, sent: str, came: str) -> None:
        """Write down something that is not an APDU."""
        self.steps.append(CaseStep(where, sent, came))


class WholeLink:
    """The commands and answers above T=0: 61xx fetched, 6Cxx repeated."""

    def __init__(self, link: Link) -> None:
        from bifente.terminal.errors import CardKind
        from bifente.terminal.processors import LinkProcessor

        self._sender = GetResponse(WrongLe(LinkProcessor(link, CardKind.CPS)))

    def send(self, command: bytes) -> ResponseAPDU:
        """One complete command and its complete answer."""
        from bifente.apdu.command import CommandAPDU

        return self._sender.send(CommandAPDU.parse(command))


def check(condition: object, complaint: str) -> None:
    """Nonconformity unless *condition*."""
    if not condition:
        raise Nonconformity(complaint)


def same(found: object, expected: object, what: str) -> None:
    """Nonconformity unless the two are equal; says both, so nothing secret or personal may be compared by it."""
    if found != expected:
        raise Nonconformity(f"{what}: {_said(found)} instead of {_said(expected)}")


def _said(value: object) -> str:
    return value.hex().upper() or "nothing" if isinstance(value, bytes) else str(value)


def within(seconds: float, what: str, call: Callable[[], Result]) -> Result:
    """The result of *call*, made in a thread of its own; Nonconformity when it has not returned after *seconds*."""
    return Aside(call).result(seconds, f"{what} has not returned after {seconds:g} s")


class Aside(Generic[Result]):
    """A call made in a thread of its own while the case goes on."""

    def __init__(self, call: Callable[[], Result]) -> None:
        self._call = call
        self._results: list[Result] = []
        self._errors: list[BaseException] = []
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            self._results.append(self._call())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that asks for the result
            self._errors.append(error)

    def ended(self, seconds: float) -> bool:
        """Whether the call has come back within *seconds*."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def result(self, seconds: float, complaint: str) -> Result:
        """What the call gave, or raised; Nonconformity with *complaint* when it has not come back within *seconds*."""
        if not self.ended(seconds):
            raise Nonconformity(complaint)
        if self._errors:
            raise self._errors[0]
        return self._results[0]


class Collection:
    """The cases that a module declares, in order."""

    def __init__(self, suite: str) -> None:
        self.suite = suite
        self._declared: list[Callable[[tuple[str, ...]], list[ConformanceCase]]] = []

    def cases(self, known: tuple[str, ...]) -> list[ConformanceCase]:
        """The cases for the kinds of card that are *known*."""
        return [case for made in self._declared for case in made(known)]

    def case(
        self, name: str, title: str, clause: str, kinds: Sequence[str] = (), *needs: Need
    ) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
        """Declare a case that takes all of *kinds*."""

        def declare(run: Callable[[Bench], None]) -> Callable[[Bench], None]:
            made = ConformanceCase(
                f"{self.suite}/{name}", self.suite, title, clause, tuple(kinds), frozenset(needs), run
            )
            self._declared.append(lambda known: [made])  # noqa: ARG005
            return run

        return declare

    def each(
        self, name: str, title: str, clause: str, kinds: Sequence[str] | None, *needs: Need
    ) -> Callable[[Callable[[Bench, str], None]], Callable[[Bench, str], None]]:
        """Declare one case for each of *kinds*, or of all that are known (None); *run* is told which."""

        def declare(run: Callable[[Bench, str], None]) -> Callable[[Bench, str], None]:
            def case(kind: str) -> ConformanceCase:
                return ConformanceCase(
                    f"{self.suite}/{name}@{kind}",
                    self.suite,
                    title,
                    clause,
                    (kind,),
                    frozenset(needs),
                    lambda bench: run(bench, kind),
                )

            self._declared.append(lambda known: [case(kind) for kind in (known if kinds is None else kinds)])
            return run

        return declare
