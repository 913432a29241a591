"""Traces as they are worked with: of one card, with its ATR, without secrets."""

from dataclasses import replace
from typing import TYPE_CHECKING

from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.traces import Item, Trace, TraceHeader
    from bifente.traces.formats import Source


def of_one_card(header: "TraceHeader", items: "tuple[Item, ...]", atr: bytes | None = None) -> "Trace":
    """A trace whose items are of one slot. Raises WorkbenchError when they are of several, or when there are none.

    *atr* is put in where the trace does not tell the ATR of its card, and before its first exchange.
    """
    from bifente.traces import EventKind, Exchange, Trace

    items = tuple(item for item in items if isinstance(item, Exchange) or item.kind is not EventKind.CALL)
    slots = sorted({item.slot for item in items})
    if len(slots) > 1:
        raise WorkbenchError(f"the trace is of the slots {', '.join(slots)}", "input.several-slots")
    if not items:
        raise WorkbenchError("the trace is empty")
    return Trace(header, items) if atr is None else _with_atr(header, items, atr)


def tells_atr(trace: "Trace") -> bool:
    """The ATR of the card stands in its header or with a reset."""
    from bifente.traces import ReaderEvent

    return bool(trace.header.atr) or any(isinstance(item, ReaderEvent) and item.atr for item in trace.items)


def _with_atr(header: "TraceHeader", items: "tuple[Item, ...]", atr: bytes) -> "Trace":
    from bifente.traces import EventKind, ReaderEvent, Trace

    told = {item.atr for item in items if isinstance(item, ReaderEvent) and item.atr}
    if header.atr is not None:
        told.add(header.atr)
    if told and atr not in told:
        raise WorkbenchError(f"the trace tells another ATR: {min(told).hex().upper()}", "input.another-atr")
    if not told:
        items = (ReaderEvent(EventKind.INSERTED, items[0].time, items[0].slot, atr), *items)
    return Trace(replace(header, atr=atr), items)


def without_secrets(source: "Source", *, unmask: bool) -> "Source":
    """The trace with its secrets masked, unless they are asked for."""
    if unmask:
        return source
    from bifente.traces.cleaning.clean import Cleaner
    from bifente.traces.formats import Source

    cleaner = Cleaner()
    return Source(masked(source.header), map(cleaner.clean, source.items))


def masked(header: "TraceHeader", *, pseudonyms: bool = False) -> "TraceHeader":
    """The header of a trace whose secrets are masked, and perhaps its personal data replaced."""
    return replace(header, masked=True, pseudonyms=header.pseudonyms or pseudonyms)
