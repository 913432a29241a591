"""Slots that are real readers, or served ones, of PC/SC: which holds which card is found out when they are first looked at."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from threading import Event
from typing import Final

from bifente.apdu.link import Card, LinkError
from bifente.reader import TwoSlotReader
from bifente.terminal.whichcard import kind_of
from bifente.workbench.errors import WorkbenchError
from bifente.workbench.served.realreader import reader_called
from bifente.workbench.sesam.slots import BenchSlot

CPS_KIND, VITALE_KIND = "cps3", "vitale2"
_SLOT: Final = "ICC"
_FIRST_LOOK: Final = 5.0
"""Seconds within which a reader is to say what it holds."""

Around = Callable[[Card, str], Card]


@contextmanager
def real_slots(
    wanted: Sequence[str], around: Sequence[Around], tell: Callable[[str], None]
) -> Iterator[dict[str, BenchSlot]]:
    """The slots of the readers *wanted* (names, parts of them or numbers), by the kind of their card.

    A reader that is empty now is for the kind that is still missing. *tell* gets a line when a card comes or goes. Raises
    WorkbenchError without pyscard, ReaderError, LinkError.
    """
    names = [reader_called(one) for one in wanted]
    if len(set(names)) < len(names):
        raise WorkbenchError("the same reader is named twice", "usage")
    if len(names) > 2:
        raise WorkbenchError("two readers hold a CPS and a Vitale; more are not used", "usage")
    from bifente.reader.pyscard.relaywatch import RelayWatch

    with ExitStack() as running:
        slots = []
        for name in names:
            reader = running.enter_context(TwoSlotReader("relay", (_SLOT,)))
            looked = Event()
            watch = RelayWatch(
                reader, name, around=partial(_around, around, name), told=partial(_told, tell, looked)
            )
            running.enter_context(watch)
            looked.wait(_FIRST_LOOK)
            slots.append(BenchSlot(reader, _SLOT))
        yield _by_kind(names, slots)


def _around(around: Sequence[Around], name: str, card: Card) -> Card:
    for wrap in around:
        card = wrap(card, name)
    return card


def _told(tell: Callable[[str], None], looked: Event, line: str) -> None:
    tell(line)
    looked.set()


def _by_kind(names: Sequence[str], slots: Sequence[BenchSlot]) -> dict[str, BenchSlot]:
    found: dict[str, BenchSlot] = {}
    unknown = []
    for name, slot in zip(names, slots, strict=True):
        kind = _kind_in(slot)
        if kind is None:
            unknown.append(slot)
        elif kind in found or kind not in (CPS_KIND, VITALE_KIND):
            raise WorkbenchError(f"{name}: its card is a second one of that kind, or no CPS and no Vitale")
        else:
            found[kind] = slot
    for kind in (CPS_KIND, VITALE_KIND):
        if kind not in found and unknown:
            found[kind] = unknown.pop(0)
    return found


def _kind_in(slot: BenchSlot) -> str | None:
    try:
        link = slot.link()
    except LinkError:
        return None
    try:
        return kind_of(link)
    except LinkError:
        return None
    finally:
        link.close()
