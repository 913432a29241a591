"""What folders held before there was a register: cards on ``oppositions.json``, entered when the register is made."""

from datetime import UTC, datetime, time
from pathlib import Path

from cryptography.x509 import ReasonFlags

from bifente.igc.chains import ca_name, issuer_kind
from bifente.igc.names import Gamme
from bifente.igc.opposition import LIST, read_list
from bifente.igc.register import RegisterTransaction


def enter_old_list(directory: Path, register: RegisterTransaction, now: datetime) -> None:
    """Enter the opposed cards of the list in *directory*, and revoke their certificates. Raises IgcError, OSError."""
    for entry in read_list(directory / LIST).entries():
        register.oppose(entry)
        if entry.kind == "cps":
            authority = ca_name(issuer_kind(gamme := Gamme(entry.gamme)), gamme)
            numbers = [
                register.record_serial(authority, serial, entry.card, now) for serial in entry.certificates
            ]
            since = datetime.combine(entry.since, time(), UTC)
            register.revoke(numbers, since, ReasonFlags.certificate_hold, now)
