"""The life of a sheet and of a lot in the surgery, as two tables.

The events are those of the return cycle (spec/fse.md §2.1: sending, ANR, ARL+, ARL−, no return, RSP, *traitement caisse*)
and the surgery's own (prepared, signed, put in a lot, replaced, withdrawn). Their names in the store are ours.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Final

from bifente.fse.cabinet.machine import StateEffect, StateMachine, Transition


class SheetState(Enum):
    """Where a sheet is. The values stand in the store."""

    PREPARED = "prepared"
    SIGNED = "signed"
    DEGRADED = "degraded"
    IN_LOT = "in lot"
    SENT = "sent"
    ACKNOWLEDGED = "ARL+"
    REFUSED = "ARL-"
    NO_RETURN = "no return"
    UNDELIVERED = "ANR"
    RESENT = "resent"
    PROCESSING = "processing"
    PAID = "paid"
    PARTLY_PAID = "partly paid"
    REJECTED = "rejected"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


class SheetEvent(Enum):
    """What happens to a sheet. The values stand in the log."""

    PREPARE = "prepare"
    SIGN = "sign"
    KEEP_DEGRADED = "keep degraded"
    WITHDRAW = "withdraw"
    PUT_IN_LOT = "put in lot"
    SEND = "send"
    RETRANSMIT = "retransmit"
    ARL_PLUS = "ARL+"
    ARL_MINUS = "ARL-"
    SILENCE = "silence"
    ANR = "ANR"
    PROCESS = "traitement caisse"
    PAY = "pay"
    PAY_PART = "pay in part"
    REJECT = "reject"
    REPLACE = "replace"
    RELEASE_SIGNED = "release signed"
    RELEASE_DEGRADED = "release degraded"


class LotState(Enum):
    """Where a lot is. The values stand in the store."""

    MADE = "made"
    SENT = "sent"
    ACKNOWLEDGED = "ARL+"
    REFUSED = "ARL-"
    NO_RETURN = "no return"
    UNDELIVERED = "ANR"
    RESENT = "resent"
    PROCESSING = "processing"
    SETTLED = "settled"
    RELEASED = "released"


class LotEvent(Enum):
    """What happens to a lot. The values stand in the log."""

    MAKE = "make"
    SEND = "send"
    RETRANSMIT = "retransmit"
    ARL_PLUS = "ARL+"
    ARL_MINUS = "ARL-"
    SILENCE = "silence"
    ANR = "ANR"
    PROCESS = "traitement caisse"
    ANSWER_PART = "RSP for a part"
    ANSWER_ALL = "RSP for all"
    RELEASE = "release"


_UNANSWERED_SHEET: Final = (
    SheetState.SENT,
    SheetState.RESENT,
    SheetState.NO_RETURN,
    SheetState.UNDELIVERED,
)
_UNANSWERED_LOT: Final = (LotState.SENT, LotState.RESENT, LotState.NO_RETURN, LotState.UNDELIVERED)
"""An answer may come late: after the surgery has taken silence for one, or after a bounce that told of a delay."""


def _sheet_lines() -> Iterator[Transition[SheetState, SheetEvent]]:
    s, e = SheetState, SheetEvent
    yield Transition(None, e.PREPARE, s.PREPARED)
    yield Transition(None, e.SIGN, s.SIGNED)
    yield Transition(None, e.KEEP_DEGRADED, s.DEGRADED)
    yield Transition(s.PREPARED, e.SIGN, s.SIGNED)
    for ready in (s.PREPARED, s.SIGNED, s.DEGRADED):
        yield Transition(ready, e.WITHDRAW, s.WITHDRAWN)
    for ready in (s.SIGNED, s.DEGRADED):
        yield Transition(ready, e.PUT_IN_LOT, s.IN_LOT)
    yield Transition(s.IN_LOT, e.SEND, s.SENT)
    for before in _UNANSWERED_SHEET:
        yield Transition(before, e.ARL_PLUS, s.ACKNOWLEDGED)
        yield Transition(before, e.ARL_MINUS, s.REFUSED)
    for before in (s.SENT, s.RESENT):
        yield Transition(before, e.SILENCE, s.NO_RETURN)
        yield Transition(before, e.ANR, s.UNDELIVERED)
    for before in (s.REFUSED, s.NO_RETURN, s.UNDELIVERED):
        yield Transition(before, e.RETRANSMIT, s.RESENT)
    for before in (s.REFUSED, s.UNDELIVERED, s.NO_RETURN):
        yield Transition(before, e.RELEASE_SIGNED, s.SIGNED, (StateEffect.LEAVE_LOT,))
        yield Transition(before, e.RELEASE_DEGRADED, s.DEGRADED, (StateEffect.LEAVE_LOT,))
    for before in (*_UNANSWERED_SHEET, s.ACKNOWLEDGED):
        yield Transition(before, e.PROCESS, s.PROCESSING)
    for before in (*_UNANSWERED_SHEET, s.ACKNOWLEDGED, s.PROCESSING):
        yield Transition(before, e.PAY, s.PAID)
        yield Transition(before, e.PAY_PART, s.PARTLY_PAID)
        yield Transition(before, e.REJECT, s.REJECTED)
    yield Transition(s.PARTLY_PAID, e.PAY, s.PAID)
    yield Transition(s.REJECTED, e.REPLACE, s.REPLACED, (StateEffect.NEW_NUMBER,))


def _lot_lines() -> Iterator[Transition[LotState, LotEvent]]:
    s, e = LotState, LotEvent
    follow, free = StateEffect.SHEETS_FOLLOW, StateEffect.NO_DEADLINE
    yield Transition(None, e.MAKE, s.MADE)
    yield Transition(s.MADE, e.SEND, s.SENT, (follow, StateEffect.AWAIT_RETURN))
    for before in _UNANSWERED_LOT:
        yield Transition(before, e.ARL_PLUS, s.ACKNOWLEDGED, (follow, free))
        yield Transition(before, e.ARL_MINUS, s.REFUSED, (follow, StateEffect.RETRANSMIT_SOON))
    for before in (s.SENT, s.RESENT):
        yield Transition(before, e.SILENCE, s.NO_RETURN, (follow, StateEffect.RETRANSMIT_SOON))
        yield Transition(before, e.ANR, s.UNDELIVERED, (follow, StateEffect.RETRANSMIT_SOON))
    for before in (s.REFUSED, s.NO_RETURN, s.UNDELIVERED):
        yield Transition(before, e.RETRANSMIT, s.RESENT, (follow, StateEffect.AWAIT_RETURN))
    for before in (s.REFUSED, s.UNDELIVERED, s.NO_RETURN):
        # without a return too: when another lot of its file was given up, the file cannot go again
        yield Transition(before, e.RELEASE, s.RELEASED, (follow, free))
    for before in (*_UNANSWERED_LOT, s.ACKNOWLEDGED):
        yield Transition(before, e.PROCESS, s.PROCESSING, (follow, free))
    for before in (*_UNANSWERED_LOT, s.ACKNOWLEDGED, s.PROCESSING):
        yield Transition(before, e.ANSWER_PART, s.PROCESSING, (free,))
        yield Transition(before, e.ANSWER_ALL, s.SETTLED, (free,))
    yield Transition(
        s.ACKNOWLEDGED, e.ARL_PLUS, s.ACKNOWLEDGED
    )  # answered once more: a retransmission crossed the answer
    yield Transition(s.REFUSED, e.ARL_MINUS, s.REFUSED)
    yield Transition(s.PROCESSING, e.PROCESS, s.PROCESSING)
    yield Transition(s.PROCESSING, e.ARL_PLUS, s.PROCESSING, (follow,))
    yield Transition(s.SETTLED, e.ARL_PLUS, s.SETTLED)
    yield Transition(s.SETTLED, e.ANSWER_ALL, s.SETTLED)


SHEET: Final = StateMachine("sheet", tuple(_sheet_lines()))
LOT: Final = StateMachine("lot", tuple(_lot_lines()))

SHEETS_OF: Final = {
    LotEvent.SEND: SheetEvent.SEND,
    LotEvent.RETRANSMIT: SheetEvent.RETRANSMIT,
    LotEvent.ARL_PLUS: SheetEvent.ARL_PLUS,
    LotEvent.ARL_MINUS: SheetEvent.ARL_MINUS,
    LotEvent.SILENCE: SheetEvent.SILENCE,
    LotEvent.ANR: SheetEvent.ANR,
    LotEvent.PROCESS: SheetEvent.PROCESS,
}
"""The event of a lot → that of its sheets, where they follow. A release depends on how each sheet was signed."""

ANSWERED: Final = frozenset(
    {SheetState.PAID, SheetState.PARTLY_PAID, SheetState.REJECTED, SheetState.REPLACED}
)
"""The caisse has said what becomes of the sheet: an RSP was received."""
