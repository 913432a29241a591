"""Card files in a reader of this process, and what a health software does with them: the PIN, the rights."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.layouts import recognition
from bifente.workbench.cards.files import failing_as_files
from bifente.workbench.cards.kinds import need_pair, need_party

if TYPE_CHECKING:
    from bifente.ssv.groups import Group
    from bifente.terminal import CpsSession


class Unproven(Enum):
    """What nobody proves of rights that were read all the same."""

    DATE = auto()
    """The cards alone judge the date: it is not known who issued them."""
    RIGHTS = auto()
    """The card holds no signature of its issuer."""


@contextmanager
def cps_session(card: Path) -> "Iterator[CpsSession]":
    """A session with the CPS in a card file, for the time of the block. Raises WorkbenchError for another kind of card."""
    from bifente.applets import open_card
    from bifente.reader import CPS_SLOT, TwoSlotReader
    from bifente.terminal import CpsSession

    need_party(card, recognition.CPS, "the card of this PIN: only a CPS has one")
    device = open_card(card)
    with failing_as_files(device), TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, device)
        yield CpsSession(reader.link(CPS_SLOT))


def rights(
    vitale: Path,
    cps: Path,
    pin: Callable[[], bytes],
    *,
    day: date | None = None,
    authority: Path | None = None,
    note: Callable[[Unproven], None],
) -> "list[Group]":
    """The groups of a carte Vitale, in its order, read with the professional's card *cps*.

    *pin* is asked once the cards are there; *day* is that by which they are judged, today without one; *authority* is the
    folder of the one that issued them. *note* takes what is not proven. Raises WorkbenchError, TerminalError, StoreError.
    """
    from bifente.applets import open_card
    from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
    from bifente.terminal import CpsSession, VitaleSession, patient_session, recognise
    from bifente.workbench.authority import roots_for

    need_pair(cps, vitale)
    devices = open_card(cps), open_card(vitale)
    with failing_as_files(*devices), TwoSlotReader() as reader:
        for slot, device in zip((CPS_SLOT, VITALE_SLOT), devices, strict=True):
            reader.insert(slot, device)
        doctor, patient = CpsSession(reader.link(CPS_SLOT)), patient_session(reader.link(VITALE_SLOT))
        shown = [doctor.cv_certificate()]
        if isinstance(patient, VitaleSession):
            shown.append(patient.cv_certificate())
        anchors = roots_for(authority, *shown)
        if day is not None and not anchors:
            note(Unproven.DATE)
        doctor.verify_pin(pin())
        with recognise(doctor, patient, date=day or date.today(), anchors=anchors):
            groups = patient.rights()
            if patient.issued is None and (anchors or not isinstance(patient, VitaleSession)):
                note(Unproven.RIGHTS)
    return list(groups)
