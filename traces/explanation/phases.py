"""What a dialogue is about, stretch by stretch: selection, PIN, recognition, rights, signing and so on.

SELECT and other commands that only prepare belong to what they prepare: the next command of the same slot decides.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.instructions import (
    INTERINDUSTRY,
    INTERNAL_AUTHENTICATE,
    PSO_NOTHING,
    PSO_PLAIN,
    SELECT,
    Purpose,
)
from bifente.layouts.recognition import VITALE, Party
from bifente.layouts.symmetric import KEY_SHEET
from bifente.traces.explanation.dialogue import Explanation, Follower
from bifente.traces.model import EventKind, Exchange, Item, ReaderEvent


class Phase(StrEnum):
    """What a stretch of a dialogue is about."""

    CALL = "call"
    SLOT = "slot"
    SELECTION = "selection"
    PIN = "PIN"
    RECOGNITION = "recognition"
    RIGHTS = "rights"
    READING = "reading"
    SIGNING = "signing"
    DECIPHERING = "deciphering"
    WRITING = "writing"
    OTHER = "other"


_OF_PURPOSE: Final = {
    Purpose.PIN: Phase.PIN,
    Purpose.AUTHENTICATION: Phase.RECOGNITION,
    Purpose.READING: Phase.READING,
    Purpose.WRITING: Phase.WRITING,
}
_PREPARING: Final = frozenset({Purpose.SELECTION, Purpose.CONTINUATION})
_BY_NAME: Final = 0x04
"""P1 of SELECT: by DF name."""
_OF_TEMPLATE: Final = {
    0xA4: Phase.RECOGNITION,
    0xB8: Phase.DECIPHERING,
    0xB6: Phase.SIGNING,
    0xAA: Phase.SIGNING,
}
_VERIFYING: Final = 0x80
"""In P1 of MANAGE SECURITY ENVIRONMENT: for what is checked, not for what is made."""
_OF_OPERATION: Final = {
    PSO_NOTHING: Phase.RECOGNITION,
    PSO_PLAIN: Phase.DECIPHERING,
    0x84: Phase.DECIPHERING,
    0x86: Phase.DECIPHERING,
}
"""By P1 of PERFORM SECURITY OPERATION: 84 and 86 are cryptograms that come out."""
_RECOGNITION_FILES: Final = frozenset({"EF.CVC"})
_SIGNING_FILES: Final = frozenset({"EF.CVC.SHEET"})
_MOST_WAITING: Final = 64


@dataclass(slots=True)
class Stretched:
    """One item of a trace, in words, with its phase; *parts* is the number of TPDUs it is made of."""

    item: Item
    parts: int
    explanation: Explanation
    phase: Phase | None


def phased(items: Iterable[tuple[Item, int]]) -> Iterator[Stretched]:
    """The items with their phases, in order; those that only prepare wait for what they prepare, 64 at most."""
    follower = Follower()
    waiting: deque[Stretched] = deque()
    begun: set[str] = set()
    for item, parts in items:
        layout = follower.state(item.slot).layout
        explanation = follower.explain(item)
        phase: Phase | None
        if isinstance(item, ReaderEvent) and item.kind is EventKind.CALL:
            phase = Phase.CALL
        elif isinstance(item, ReaderEvent):
            phase = Phase.SLOT
            begun.discard(item.slot)
        else:
            phase = _phase(item, explanation, None if layout is None else layout.party)
            if phase is None and item.slot not in begun and _by_name(item):
                phase = Phase.SELECTION
            elif phase is not None:
                begun.add(item.slot)
        waiting.append(Stretched(item, parts, explanation, phase))
        if phase is not None:
            _settle(waiting, item.slot, Phase.SELECTION if phase in (Phase.SLOT, Phase.SELECTION) else phase)
        elif len(waiting) > _MOST_WAITING:
            waiting[0].phase = waiting[0].phase or Phase.SELECTION
        while waiting and waiting[0].phase is not None:
            yield waiting.popleft()
    for each in waiting:
        each.phase = each.phase or Phase.SELECTION
        yield each


def _settle(waiting: Iterable[Stretched], slot: str, phase: Phase) -> None:
    """What has prepared in *slot* has prepared this."""
    for each in waiting:
        if each.phase is None and each.item.slot == slot:
            each.phase = phase


def _by_name(exchange: Exchange) -> bool:
    """SELECT by DF name."""
    return exchange.command.shown[1:3] == bytes((SELECT, _BY_NAME))


def _phase(exchange: Exchange, explanation: Explanation, party: Party | None) -> Phase | None:
    """What a command is for; None when it only prepares."""
    try:
        if exchange.command.hides(0, 4):
            return Phase.OTHER
        command = CommandAPDU.parse(exchange.command.shown)
    except ApduError:
        return Phase.OTHER
    known = INTERINDUSTRY.get(command.ins)
    purpose = Purpose.OTHER if known is None else known.purpose
    if purpose in _PREPARING:
        return None
    if purpose is Purpose.ENVIRONMENT:
        verifying = command.p2 == 0xB6 and not command.p1 & 0x40 and command.p1 & _VERIFYING
        return Phase.RECOGNITION if verifying else _OF_TEMPLATE.get(command.p2)
    if purpose is Purpose.OPERATION:
        return _OF_OPERATION.get(command.p1, Phase.SIGNING)
    if party is VITALE and command.ins == INTERNAL_AUTHENTICATE and command.p2 == KEY_SHEET:
        return Phase.SIGNING
    phase = _OF_PURPOSE.get(purpose, Phase.OTHER)
    if phase is Phase.READING:
        if explanation.file in _RECOGNITION_FILES:
            return Phase.RECOGNITION
        if explanation.file in _SIGNING_FILES:
            return Phase.SIGNING
        return Phase.RIGHTS if party is VITALE else phase
    return phase
