"""The revocation lists of an authority, as its register has them: signed anew when something changed or time has passed.

A complete list tells everything that is revoked now. The delta list beside it has the same number and tells what changed
since an earlier complete list, the base, which stays for a week (RFC 5280 §5.2.4): whoever has that base, or any later
complete list, comes to the same. Numbers only grow, whoever signs: they are given out by the register.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography.x509 import ReasonFlags

from bifente.igc.crls import RevokedSerial, sign_crl
from bifente.igc.issuingkey import IssuingKey
from bifente.igc.register import IssuedCertificate, Publication, RegisterTransaction

if TYPE_CHECKING:
    from bifente.igc.authority import Authority

NEXT_UPDATE: Final = timedelta(days=7)
"""How long a complete list is valid."""
DELTA_NEXT_UPDATE: Final = timedelta(days=1)
"""How long a delta list is valid."""
SIGNED_ANEW: Final = timedelta(hours=12)
"""How old lists may become before they are signed anew though nothing changed."""
BASE_KEPT: Final = timedelta(days=7)
"""How long the delta lists refer to one complete list."""


class RevocationLists:
    """What *authority* publishes about what it revoked. *clock* is the real one unless given."""

    def __init__(self, authority: "Authority", clock: Callable[[], datetime] | None = None) -> None:
        self._authority = authority
        self._clock = clock or _now

    def current(self, key: IssuingKey) -> Publication:
        """The lists of an issuing key. Raises IgcError, OSError."""
        now = self._clock()
        with self._authority.register.reading() as register:
            found = register.publication(key.name)
            if found is not None and _holds(found, register.last_change(key.name), now):
                return found
        with self._authority.register.writing() as register:
            found = register.publication(key.name)  # another process may have been faster
            if found is not None and _holds(found, register.last_change(key.name), now):
                return found
            made = self._signed(key, register, found, now)
            register.publish(made)
        return made

    def all(self) -> Iterator[tuple[IssuingKey, Publication]]:
        """Those of every key of the authority, roots included. Raises IgcError, OSError."""
        for key in self._authority.issuing_keys:
            yield key, self.current(key)

    def _signed(
        self, key: IssuingKey, register: RegisterTransaction, before: Publication | None, now: datetime
    ) -> Publication:
        number = max(int(now.timestamp()), before.number + 1 if before is not None else 1)
        change = register.last_change(key.name)
        if before is None or now - before.base_update >= BASE_KEPT or now < before.base_update:
            base_number, base_change, base_update = number, change, now
        else:
            base_number, base_change, base_update = before.base_number, before.base_change, before.base_update
        signer = self._authority.private_key(key)
        names = self._authority.names
        freshest = (
            names.delta_crl_uris(key.gamme, key.generation) if names.urls.published and not key.root else []
        )
        complete = sign_crl(
            key.certificate.subject,
            signer,
            map(_revoked, register.revoked(key.name)),
            this_update=now,
            next_update=now + NEXT_UPDATE,
            number=number,
            freshest=freshest,
        )
        delta = sign_crl(
            key.certificate.subject,
            signer,
            (_changed(one, now) for one in register.changed(key.name, base_change)),
            this_update=now,
            next_update=now + DELTA_NEXT_UPDATE,
            number=number,
            base=base_number,
        )
        return Publication(
            key.name,
            number,
            now,
            now + NEXT_UPDATE,
            change,
            complete,
            base_number,
            base_change,
            base_update,
            delta,
        )


def _holds(found: Publication, last_change: int, now: datetime) -> bool:
    return found.change == last_change and found.this_update <= now < found.this_update + SIGNED_ANEW


def _revoked(one: IssuedCertificate) -> RevokedSerial:
    if one.revoked is None:
        raise ValueError(f"{one.serial_hex} is not revoked")
    return RevokedSerial(one.serial, one.revoked, one.reason or ReasonFlags.unspecified)


def _changed(one: IssuedCertificate, now: datetime) -> RevokedSerial:
    """What a delta list says: revoked since the base, or taken off it again."""
    return (
        RevokedSerial(one.serial, now, ReasonFlags.remove_from_crl) if one.revoked is None else _revoked(one)
    )


def _now() -> datetime:
    return datetime.now(UTC)
