"""Reading a carte Vitale without a professional's card: the *API de lecture* (Hn) and the presence of MICA.

Of the XML only ``T_AsnBeneficiaire`` with ``ident`` and ``amo`` is public (spec/ssv.md §3): the other names, and the meaning of
the numbers of mode and state, are ours (``synthetic``). Without a professional the card names its holder only.
"""

from time import monotonic, sleep
from typing import Final
from xml.etree import ElementTree

from bifente.apdu.link import LinkError
from bifente.sesam.caller import CallerProcess
from bifente.sesam.codes import ReturnCode
from bifente.sesam.desk import CardDesk
from bifente.sesam.errors import CallFailed
from bifente.sesam.reading import CardReading, linked
from bifente.sesam.resources import VITALE, resource_called
from bifente.terminal import CardKind, PatientSession, Vitale1Session, patient_session
from bifente.terminal.vitale import Identity, Registration

ABSENT: Final = 0
PRESENT: Final = 1
_LOOK: Final = 0.1
_LONGEST_WAIT: Final = 120
_VITALE_ONLY: Final = frozenset((VITALE,))
MICA_VERSION: Final = "synthetic"


def _number(value: int) -> bytes:
    return value.to_bytes(4, "little")


class VitalePresence:
    """The calls of Hn and MICA over the slot of the Vitale."""

    def __init__(self, desk: CardDesk, reading: CardReading) -> None:
        self._desk = desk
        self._reading = reading

    def init(self, _caller: CallerProcess, _folder: str | None) -> tuple[bytes, ...]:
        """Hn_Init: the mode, always 0."""
        return (_number(0),)

    def identification(self, caller: CallerProcess, seconds: int) -> tuple[bytes, ...]:
        """Hn_LectureVitaleDonneesIdentification: the state, and the XML. Waits so many seconds for a card."""
        deadline = monotonic() + min(seconds, _LONGEST_WAIT)
        while not self._present():
            if monotonic() >= deadline:
                raise CallFailed(
                    ReturnCode.VITALE_ABSENT, f"no carte Vitale within {seconds} s", _number(ABSENT), b""
                )
            sleep(_LOOK)
        with (
            self._reading.cards(caller, _VITALE_ONLY),
            linked(self._desk.vitale.link, CardKind.VITALE) as link,
        ):
            return _number(PRESENT), holder_xml(patient_session(link))

    def presence(self, caller: CallerProcess, resource: str | None) -> tuple[bytes, ...]:
        """MICA_ControlePresenceCarteVitale: the state, and the serial number of the card."""
        if resource_called(resource, ReturnCode.UNKNOWN_RESOURCE).lad != VITALE:
            raise CallFailed(ReturnCode.UNKNOWN_RESOURCE, f"{resource!r} is not the resource of the Vitale")
        if not self._present():
            return _number(ABSENT), b""
        with (
            self._reading.cards(caller, _VITALE_ONLY),
            linked(self._desk.vitale.link, CardKind.VITALE) as link,
        ):
            return _number(PRESENT), patient_session(link).serial().encode()

    def _present(self) -> bool:
        try:
            return self._desk.vitale.state().present
        except LinkError as error:
            raise CallFailed(ReturnCode.TIMEOUT, str(error), _number(ABSENT), b"") from error

    def version(self, _caller: CallerProcess) -> tuple[bytes, ...]:
        """MICA_LireVersion."""
        return (MICA_VERSION.encode(),)


def holder_xml(session: PatientSession) -> bytes:
    """Whom the card names, as ISO-8859-1 XML; a Vitale 1 shows neither birth nor validity. Raises TerminalError."""
    if isinstance(session, Vitale1Session):
        face = session.face()
        identity = Identity(face.family_name, face.given_name, "")
        registration = Registration(face.nir, face.key, "", "")
    else:
        identity, registration = session.identity(), session.registration()
    root = ElementTree.Element("T_AsnDonneesVitale", origine="synthetic")
    beneficiary = ElementTree.SubElement(root, "T_AsnBeneficiaire")
    ident = ElementTree.SubElement(beneficiary, "ident")
    for name, text in (
        ("nomUsuel", identity.family_name),
        ("prenomUsuel", identity.given_name),
        ("dateNaissance", identity.birth_date),
        ("nir", registration.nir),
        ("cleNir", registration.key),
    ):
        ElementTree.SubElement(ident, name).text = _printable(text)
    amo = ElementTree.SubElement(beneficiary, "amo")
    ElementTree.SubElement(amo, "debutValidite").text = _printable(registration.valid_from)
    text = ElementTree.tostring(root, encoding="unicode")
    return ('<?xml version="1.0" encoding="ISO-8859-1"?>\n' + text).encode("iso-8859-1", "xmlcharrefreplace")


def _printable(text: str) -> str:
    """A card may hold any byte; XML takes no control characters."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
