"""What an authority has issued: looked up by serial number, card or holder, and revoked."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.authority import authority_at_hand
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.igc import Authority
    from bifente.igc.keyring import PassphraseSource
    from bifente.igc.register import IssuedCertificate

_SERIAL = re.compile(r"(?:0[xX])?([0-9A-Fa-f]{1,40})")
_SEPARATORS = re.compile(r"[:\s]")


@dataclass(frozen=True, slots=True)
class RevocationNews:
    """What was revoked, and the lists that were written; ``card`` is the number of a card that was opposed as a whole."""

    certificates: "tuple[IssuedCertificate, ...]"
    written: tuple[Path, ...]
    card: str = ""


def authority_there(folder: Path | None, passphrase: "PassphraseSource | None" = None) -> "Authority":
    """The authority in *folder*, or the default one when there is one. Raises WorkbenchError, IgcError."""
    found = authority_at_hand(folder, passphrase=passphrase)
    if found is None:
        raise WorkbenchError("there is no authority yet", "input.no-authority-at-hand")
    return found


def issued_certificates(authority: "Authority", what: str = "") -> "list[IssuedCertificate]":
    """What the authority has issued: everything, or what *what* names: a serial number, a card's number or a holder.

    Raises UnknownCertificate, IgcError, OSError.
    """
    if not what:
        return list(authority.register.issued())
    from bifente.igc.errors import UnknownCertificate

    with authority.register.reading() as register:
        found = register.of_card(what) or register.of_holder(what)
        serial = _serial(what)
        if not found and serial is not None:
            found = register.find(serial)
    if not found:
        raise UnknownCertificate(
            f"nothing with the serial number, card or holder {what[:60]!r}", authority.directory
        )
    return found


def revoke_certificates(
    authority: "Authority", what: str, reason: str, since: date | None = None
) -> RevocationNews:
    """Revoke what *what* names: one certificate by its serial number, or a card by its number or its file, which is opposed.

    *reason* is one of RFC 5280's; without *since* it is now, for a card today. Raises UnknownCertificate, RevocationRefused,
    WorkbenchError, IgcError, OSError, and what opening a card file raises.
    """
    from bifente.igc.register.values import printed_number
    from bifente.igc.revocation import REASONS, oppose_card, opposition_of, revoke

    path = Path(what)
    if path.is_file():
        from bifente.workbench.cards.editing import oppose
        from bifente.workbench.cards.opposing import card_number

        written = oppose(path, authority, since, reason)
        number = card_number(path)
        certificates = tuple(authority.register.of_card(number))
        return RevocationNews(certificates, tuple(written), printed_number(number))
    found = issued_certificates(authority, what)
    if found[0].card == printed_number(what):
        day = datetime.combine(since or date.today(), time(), UTC)
        written = oppose_card(authority, opposition_of(authority, what, day), REASONS[reason])
        return RevocationNews(tuple(authority.register.of_card(what)), tuple(written), found[0].card)
    if len(found) > 1:
        raise WorkbenchError(
            f"{what[:60]!r} names {len(found)} certificates",
            hint="name one by its serial number, or a card by its number",
        )
    when = datetime.combine(since, time(), UTC) if since is not None else None
    written = revoke(authority, found, REASONS[reason], since=when)
    return RevocationNews(tuple(issued_certificates(authority, found[0].serial_hex)), tuple(written))


def _serial(text: str) -> int | None:
    """A serial number as programs write it: hexadecimal, perhaps with 0x or colons."""
    found = _SERIAL.fullmatch(_SEPARATORS.sub("", text))
    return int(found[1], 16) if found else None
