"""A card with which things go wrong: wrong status words, cut answers, silence, removal, endless ``61xx``, delays.

What a program does then is what nobody can try with a good card. The rules are those of
:mod:`bifente.reader.wrappers.faultrules`, read from a file or made in a test.
"""

import time
from collections.abc import Callable
from random import Random
from typing import Final

from bifente.apdu.instructions import GET_RESPONSE
from bifente.apdu.link import Card, CardRemoved, LinkTimeout
from bifente.apdu.refusal import Refusal, Why
from bifente.apdu.status import SW
from bifente.reader.errors import CardPulled, ReaderUnplugged, ServiceRestarts
from bifente.reader.wrappers.faultrules import (
    AnyRule,
    CardRemoval,
    Delay,
    Endless61,
    FaultFileError,
    FaultRules,
    Mute,
    ReplacedStatus,
    Restarted,
    Truncated,
    Unplugged,
    parse_faults,
    read_faults,
)
from bifente.reader.wrappers.terminalside import TerminalSideWrapper

__all__ = ["FaultFileError", "FaultRules", "Faulty", "parse_faults", "read_faults"]

_MOST_AT_ONCE: Final = 256
_CLAUSE: Final = "docs/reader.md, faults (synthetic)"


class Faulty(TerminalSideWrapper):
    """A ``Card`` around a ``Card`` that breaks its rules' commands; see :mod:`bifente.reader.wrappers.faultrules`.

    It stands on the terminal's side of the T=0 front: rules see GET RESPONSE and the bytes that go over the line. What
    the rules count, they count over the card's whole life here, resets included. A mute card speaks again after a reset;
    a removed one is back after power-on, when it is inserted again: until then every call raises CardRemoved(*slot*).
    The reader that holds it takes it out then, or is unplugged itself (ReaderUnplugged), and lets it come back; a
    PcscServer restarts (ServiceRestarts).
    """

    def __init__(
        self,
        card: Card,
        rules: FaultRules,
        *,
        slot: str = "card",
        front: bool | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(card, front=front)
        self.slot = slot
        self.happened: list[tuple[int, str]] = []
        """(Number of the rule from 0, kind of fault) of what has gone wrong so far."""
        self._rules = rules.faults
        # To be repeated, not to be secret; one for each rule, so that its luck does not depend on the others.
        self._luck = [Random(f"{rules.seed}/{number}") for number in range(len(self._rules))]  # noqa: S311
        self._sleep = sleep
        self._seen = [0] * len(self._rules)
        self._done = [0] * len(self._rules)
        self._mute: float | None = None
        self._removed = False
        self._endless: int | None = None
        self._own: Refusal | None = None

    @property
    def last_refusal(self) -> Refusal | None:
        """That a fault rule has answered, else what the card inside says."""
        return self._own or super().last_refusal

    def power_on(self) -> bytes:
        """Cold reset of the card inside; a removed card has been put in again."""
        self._removed = False
        self._recover()
        return super().power_on()

    def reset(self) -> bytes:
        """Warm reset of the card inside; a mute card speaks again."""
        if self._removed:
            raise CardRemoved(self.slot)
        self._recover()
        return super().reset()

    def power_off(self) -> None:
        """Power the card inside off."""
        self._recover()
        super().power_off()

    def transmit(self, command: bytes, /) -> bytes:
        """One command to the card inside, or what becomes of it.

        Raises LinkTimeout when the card is mute, CardRemoved when it is pulled out, ReaderUnplugged when the reader is, and
        ServiceRestarts.
        """
        self._own = None
        if self._removed:
            raise CardRemoved(self.slot)
        if self._mute is not None:
            self._stay_mute(self._mute)
        if self._endless is not None and len(command) > 1 and command[1] == GET_RESPONSE:
            wanted = command[4] if len(command) > 4 else 0
            return _waiting(min(wanted or _MOST_AT_ONCE, self._endless), self._endless)
        self._endless = None
        rule = self._choose(command)
        if rule is None:
            return super().transmit(command)
        return self._break(rule, command)

    def _recover(self) -> None:
        self._own = None
        self._mute = None
        self._endless = None

    def _choose(self, command: bytes) -> AnyRule | None:
        """The first fault other than a delay whose time has come; waits the delays."""
        chosen: AnyRule | None = None
        for number, rule in enumerate(self._rules):
            if not rule.admits(command):
                continue
            self._seen[number] += 1
            if rule.nth is not None and self._seen[number] not in rule.nth:
                continue
            if rule.times is not None and self._done[number] >= rule.times:
                continue
            if rule.probability < 1 and self._luck[number].random() >= rule.probability:
                continue
            if isinstance(rule, Delay):
                self._note(number)
                self._sleep(rule.seconds)
            elif chosen is None:
                self._note(number)
                chosen = rule
        return chosen

    def _note(self, number: int) -> None:
        self._done[number] += 1
        self.happened.append((number, self._rules[number].fault))

    def _break(self, rule: AnyRule, command: bytes) -> bytes:
        if isinstance(rule, Truncated):
            answer = super().transmit(command)
            if not rule.status_word:
                return answer[: rule.keep]
            return answer[:-2][: rule.keep] + answer[-2:]
        if not isinstance(rule, Delay) and rule.executed:
            super().transmit(command)
        if isinstance(rule, ReplacedStatus):
            number = self.happened[-1][0] + 1
            self._own = Refusal(
                SW(rule.sw), Why(_CLAUSE, "fault rule {} answers in the card's place", (number,))
            )
            return rule.sw.to_bytes(2)
        if isinstance(rule, CardRemoval):
            self._removed = True
            raise CardPulled(self.slot, rule.seconds)
        if isinstance(rule, Unplugged):
            self._removed = True
            raise ReaderUnplugged(f"with the card in slot {self.slot}", rule.seconds)
        if isinstance(rule, Restarted):
            raise ServiceRestarts(rule.seconds)
        if isinstance(rule, Mute):
            self._mute = rule.seconds
            self._stay_mute(rule.seconds)
        assert isinstance(rule, Endless61)  # Delay is never chosen
        self._endless = rule.available
        return _waiting(0, rule.available)

    def _stay_mute(self, seconds: float) -> None:
        if seconds:
            self._sleep(seconds)
        raise LinkTimeout(f"the card in slot {self.slot}", seconds)


def _waiting(count: int, available: int) -> bytes:
    """*count* bytes of nothing, and that *available* more are there."""
    return bytes(count) + SW.more(available).to_bytes_be()
