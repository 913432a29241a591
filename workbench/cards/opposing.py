"""Cards declared lost or stolen: what the list of their authority says of the card in a file."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509

from bifente.applets.perso.cardrecords import content_bytes, layout_of, meta_of
from bifente.igc import Authority, Gamme
from bifente.igc.opposition import Opposed, OpposedCps, OpposedVitale
from bifente.igc.revocation import REASONS, lift_card, oppose_card, opposed
from bifente.layouts.recognition import CPS, VITALE, Party
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.applets.perso.cardrecords import Records

_LISTS: dict[Party | None, type[Opposed]] = {CPS: OpposedCps, VITALE: OpposedVitale}


def opposed_since(authority: Authority, records: "Records") -> date | None:
    """Since when the card is on the authority's lists. Raises WorkbenchError, IgcError."""
    entry = opposed(authority, _kind(records), meta_of(records).serial)
    return None if entry is None else entry.since


def add_card(
    authority: Authority, records: "Records", since: date, reason: str = "certificateHold"
) -> list[Path]:
    """Put a card on the authority's lists and return the files written. *reason* is one of RFC 5280's for its certificates.

    Raises WorkbenchError, IgcError, OSError.
    """
    serial = meta_of(records).serial
    if _kind(records) is OpposedVitale:
        return oppose_card(authority, OpposedVitale(serial, records["identity"][2:12].hex().upper(), since))
    return oppose_card(authority, _professional(records, serial, since), REASONS[reason])


def remove_card(authority: Authority, records: "Records") -> list[Path]:
    """Take a card off the authority's lists and return the files written. Raises WorkbenchError, IgcError, OSError."""
    return lift_card(authority, _kind(records), meta_of(records).serial)


def _kind(records: "Records") -> type[Opposed]:
    """The list that a card belongs to."""
    kind = _LISTS.get(layout_of(records).party)
    if kind is None:
        raise WorkbenchError("this card has no issuer that could oppose it")
    return kind


def _professional(records: "Records", serial: str, since: date) -> OpposedCps:
    layout = layout_of(records)
    serials = []
    issuer = ""
    for name in ("EF.C.CH.SIG", "EF.C.CH.AUT"):
        path, node = layout.named(name)
        try:
            certificate = x509.load_der_x509_certificate(content_bytes(records, node, path))
        except ValueError:
            raise WorkbenchError(f"{name} holds no certificate") from None
        serials.append(f"{certificate.serial_number:x}")
        issuer = certificate.issuer.rfc4514_string()
    gamme = next((gamme for gamme in Gamme if gamme.value in issuer), Gamme.FORT)
    return OpposedCps(serial, gamme, tuple(serials), since)


def card_number(card: Path) -> str:
    """The number printed on the card in a file. Raises StoreError, CorruptCard."""
    from bifente.applets.store.stores import read_snapshot

    return meta_of(read_snapshot(card)).serial
