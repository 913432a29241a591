"""The patient's card, of whichever generation: told by its ATR, and spoken to by the session of its kind."""

from typing import TypeAlias

from bifente.apdu import Link
from bifente.layouts.cards import vitale1
from bifente.terminal.vitale import VitaleSession
from bifente.terminal.vitale1 import Vitale1Session

PatientSession: TypeAlias = VitaleSession | Vitale1Session
"""What both generations can: number, rights, certificate of a care sheet, log-out."""


def patient_session(link: Link, *, extended: bool | None = None) -> PatientSession:
    """A session with the carte Vitale behind *link*. Raises VitaleUnusable for any other card, VitaleAbsent without one."""
    if vitale1.LAYOUT.answers_reset_with(link.atr):
        return Vitale1Session(link)
    return VitaleSession(link, extended=extended)
