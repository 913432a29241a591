"""From card scripts to cases, and what a step does."""

import re
from collections.abc import Iterator
from typing import Final

from bifente.apdu.link import LinkError, TransmissionProtocol
from bifente.apdu.response import ResponseAPDU
from bifente.conformance.case import Bench, ConformanceCase, Need, TapedLink, WholeLink
from bifente.conformance.errors import CannotRun, Nonconformity
from bifente.conformance.script import CaseModel, Script, StepModel
from bifente.conformance.target import CardUnderTest
from bifente.terminal.errors import TerminalError

_NEEDS: Final = {
    "pin": Need.PIN,
    "puk": Need.PUK,
    "destructive": Need.DESTRUCTIVE,
    "known": Need.KNOWN,
}
_PLACE: Final = re.compile(r"\{([a-z_0-9]+)(\+?)([a-z_0-9]*)\}")


def cases_of(script: Script) -> Iterator[ConformanceCase]:
    """One case for each case of the script and each kind of card it is for."""
    kinds = script.model.cards
    for model in script.model.cases:
        for kind in kinds:
            name = f"{script.model.suite}/{model.id}" + (f"@{kind}" if len(kinds) > 1 else "")
            needs = {_NEEDS[need] for need in model.needs}
            yield ConformanceCase(
                name,
                script.model.suite,
                model.title,
                model.clause,
                (kind,),
                frozenset(needs | ({Need.T0} if model.raw else set())),
                _runner(script, model, kind),
            )


class _Runner:
    """What a scripted case does on a bench."""

    def __init__(self, script: Script, model: CaseModel, kind: str) -> None:
        self._before = script.model.before
        self._model = model
        self._kind = kind

    def __call__(self, bench: Bench) -> None:
        card = bench.card(self._kind)
        link = bench.link(self._kind)
        if self._model.raw and link.protocol is not TransmissionProtocol.T0:
            raise CannotRun(f"needs {Need.T0}")
        player = Player(link, variables(card), raw=self._model.raw, secret=card.real)
        if self._model.restore:
            bench.afterwards(lambda: self._restore(player))
        for step in (*self._before, *self._model.steps):
            player.play(step)

    def _restore(self, player: "Player") -> None:
        for step in self._model.restore:
            try:
                player.play(step, compare=False)
            except (LinkError, TerminalError, Nonconformity, CannotRun):
                return


def _runner(script: Script, model: CaseModel, kind: str) -> _Runner:
    return _Runner(script, model, kind)


def _next_digit(digit: int) -> int:
    return 0x30 + (digit - 0x2F) % 10


def variables(card: CardUnderTest) -> dict[str, bytes]:
    """What the names in commands stand for, with a card of that PIN and PUK."""
    found = {"new_pin": b"86420"}
    for name, value in (("pin", card.pin), ("puk", card.puk)):
        if value is not None:
            found[name] = value
            # Another value of the same length: each digit but the next.
            found[f"wrong_{name}"] = bytes(map(_next_digit, value))
            if name == "pin":
                found["last_digit_wrong"] = value[:-1] + bytes((_next_digit(value[-1]),))
                found["first_digit_wrong"] = bytes((_next_digit(value[0]),)) + value[1:]
                found["one_digit_more"] = value + b"0" if len(value) < 8 else value[:-1]
    return found


class Player:
    """Plays steps over a link and compares what comes."""

    def __init__(self, link: TapedLink, values: dict[str, bytes], *, raw: bool, secret: bool) -> None:
        self._link = link
        self._values = values
        self._raw = raw
        self._secret = secret
        self._whole = WholeLink(link)

    def play(self, step: StepModel, *, compare: bool = True) -> None:
        """One step. Raises Nonconformity, LinkError, TerminalError."""
        if step.is_reset:
            if step.send == "reset":
                self._link.reset()
            else:
                self._link.cold_reset()
            return
        command = self.command(step.send)
        if self._raw:  # noqa: SIM108 - one line would be too long
            answer = ResponseAPDU.parse(self._link.transmit(command))
        else:
            answer = self._whole.send(command)
        if compare:
            self._compare(step, answer)
        if step.keep is not None:
            self._values[step.keep] = answer.data

    def command(self, text: str) -> bytes:
        """The bytes of a command with its names filled in. Raises CannotRun for a name nobody has told."""

        def filled(place: re.Match[str]) -> str:
            first, length, second = place.groups()
            names = [first, second] if second else [first]
            missing = [name for name in names if name not in self._values]
            if missing:
                raise CannotRun(f"nobody has told {missing[0]}")
            value = b"".join(self._values[name] for name in names)
            return (f"{len(value):02X}" if length else "") + value.hex()

        return bytes.fromhex(_PLACE.sub(filled, text))

    def _compare(self, step: StepModel, answer: ResponseAPDU) -> None:
        if step.expect and not matches(step.expect, answer):
            came = f"{answer.sw:04X}"
            if answer.data:
                # What a real card holds never stands in a report.
                shown = answer.data.hex().upper() if len(answer.data) <= 64 and not self._secret else ""
                came = f"{shown or f'<{len(answer.data)} bytes>'} {came}"
            why = f" ({step.why})" if step.why else ""
            raise Nonconformity(f"{step.send} is answered {came}, not {step.expect}{why}")
        for name, equal in ((step.equals, True), (step.differs, False)):
            if name is not None and (answer.data == self._values.get(name)) is not equal:
                raise Nonconformity(f"{step.send}: the answer {'differs from' if equal else 'equals'} {name}")


def matches(expected: str, answer: ResponseAPDU) -> bool:
    """Whether *answer* is what a step expects: data pattern and one of its status words."""
    head, _, words = expected.strip().rpartition(" ")
    if not any(_digits(word).fullmatch(f"{answer.sw:04X}") for word in words.split("|")):
        return False
    pattern = "".join(head.split())
    return _digits(pattern).fullmatch(answer.data.hex().upper()) is not None


def _digits(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.upper().replace(".", "[0-9A-F]").replace("*", "(?:[0-9A-F]{2})*"))
