"""Revoking certificates and opposing cards: one act in the register, from which all lists follow.

A card that is opposed has its certificates revoked. ``certificateHold`` may be taken back; every other reason is for good
(RFC 5280 §5.3.1).
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.x509 import ReasonFlags

from bifente.documents import replace_file
from bifente.igc.chains import ca_name, issuer_kind
from bifente.igc.errors import RevocationRefused, UnknownCertificate
from bifente.igc.issuingkey import IssuingKey
from bifente.igc.names import Gamme
from bifente.igc.opposition import LIST, Opposed, OpposedCps, OpposedVitale, OppositionList, entry_of, list_of
from bifente.igc.register import IssuedCertificate, OppositionEntry, RegisterTransaction
from bifente.igc.register.values import card_serial
from bifente.igc.status.lists import RevocationLists

if TYPE_CHECKING:
    from bifente.igc.authority import Authority

Clock = Callable[[], datetime]

REASONS: Final = {
    reason.value: reason
    for reason in (
        ReasonFlags.unspecified,
        ReasonFlags.key_compromise,
        ReasonFlags.ca_compromise,
        ReasonFlags.affiliation_changed,
        ReasonFlags.superseded,
        ReasonFlags.cessation_of_operation,
        ReasonFlags.certificate_hold,
        ReasonFlags.privilege_withdrawn,
    )
}
"""The reasons that a person may give, by their names in RFC 5280."""


def oppositions(authority: "Authority") -> OppositionList:
    """Every opposed card of the authority. Raises IgcError, OSError."""
    with authority.register.reading() as register:
        return list_of(register.oppositions())


def opposed(authority: "Authority", kind: type[Opposed], card: str) -> Opposed | None:
    """What the authority's list says of a card. Raises IgcError, OSError."""
    return oppositions(authority).of(kind, card)


def oppose_card(
    authority: "Authority",
    entry: Opposed,
    reason: ReasonFlags = ReasonFlags.certificate_hold,
    *,
    clock: Clock | None = None,
) -> list[Path]:
    """Put a card on the list, revoke its certificates from that day on, and return the files written.

    Raises RevocationRefused when one is revoked for good already; IgcError, OSError.
    """
    now = (clock or _now)()
    with authority.register.writing() as register:
        held = entry_of(entry)
        before = _entry(register, held.kind, held.card)
        touched = _lifted(authority, register, before, now, but=held) if before else set[str]()
        found = _certificates_of(authority, register, held, now)
        since = datetime.combine(entry.since, time(), UTC)
        _revoke(register, found, since, reason, now)
        register.oppose(held)
        touched |= {one.authority for one in found}
    return write_lists(authority, touched, oppositions=True, clock=clock)


def lift_card(
    authority: "Authority", kind: type[Opposed], card: str, *, clock: Clock | None = None
) -> list[Path]:
    """Take a card off the list, its certificates too, and return the files written.

    Raises RevocationRefused when they are revoked for good; IgcError, OSError.
    """
    now = (clock or _now)()
    with authority.register.writing() as register:
        before = _entry(register, "vitale" if kind is OpposedVitale else "cps", card)
        touched = _lifted(authority, register, before, now) if before else set[str]()
        if before is not None:
            register.lift_opposition(before.kind, before.card)
    return write_lists(authority, touched, oppositions=True, clock=clock)


def revoke(
    authority: "Authority",
    certificates: Iterable[IssuedCertificate],
    reason: ReasonFlags = ReasonFlags.unspecified,
    *,
    since: datetime | None = None,
    clock: Clock | None = None,
) -> list[Path]:
    """Revoke single certificates, of cards or not, and return the files written. Raises RevocationRefused, IgcError, OSError."""
    now = (clock or _now)()
    with authority.register.writing() as register:
        found = [
            current
            for one in certificates
            if (current := register.get(one.authority, one.serial)) is not None
        ]
        _revoke(register, found, since or now, reason, now)
    return write_lists(authority, {one.authority for one in found}, clock=clock)


def opposition_of(authority: "Authority", card: str, since: datetime) -> OpposedCps:
    """How a professional's card of that number is opposed, by what was issued for it. Raises UnknownCertificate."""
    found = authority.register.of_card(card)
    if not found:
        raise UnknownCertificate(f"nothing for a card {card}", authority.directory)
    gamme = next(key.gamme for key in authority.issuing_keys if key.name == found[-1].authority)
    if not isinstance(gamme, Gamme):
        raise UnknownCertificate(f"nothing for a professional's card {card}", authority.directory)
    return OpposedCps(card_serial(card), gamme, tuple(f"{one.serial:x}" for one in found), since.date())


def write_lists(
    authority: "Authority", names: Iterable[str], *, oppositions: bool = False, clock: Clock | None = None
) -> list[Path]:
    """Write the lists of the keys of these names into the folder of the authority, in the state that the register is in.

    Two who write take turns, so that an older state never takes the place of a newer one. Raises IgcError, OSError.
    """
    wanted = set(names)
    lists = RevocationLists(authority, clock)
    keys = [key for key in authority.issuing_keys if key.name in wanted]
    made = {key.name: lists.current(key) for key in keys}
    written = []
    with authority.register.writing() as register:
        if oppositions:
            path = authority.directory / LIST
            replace_file(path, list_of(register.oppositions()).document())
            written.append(path)
        for key in keys:
            path = authority.directory / f"{key.name}.crl"
            newest = register.publication(key.name) or made[key.name]
            replace_file(path, newest.complete)
            written.append(path)
    return written


def _entry(register: RegisterTransaction, kind: str, card: str) -> OppositionEntry | None:
    return next((one for one in register.oppositions() if (one.kind, one.card) == (kind, card)), None)


def _certificates_of(
    authority: "Authority", register: RegisterTransaction, entry: OppositionEntry, now: datetime
) -> list[IssuedCertificate]:
    """The certificates of an opposed card: those that are named, and whatever else was issued for it. One of the time before
    there was a register is entered by its serial number."""
    if not entry.gamme:
        return []
    gamme = Gamme(entry.gamme)
    keys = [key for key in authority.issuing_keys if key.gamme is gamme and not key.root]
    named = [_of_keys(register, keys, gamme, serial, entry.card, now) for serial in entry.certificates]
    names = {key.name for key in keys}
    more = [one for one in register.of_card(entry.card) if one.authority in names]
    return list({one.number: one for one in (*named, *more)}.values())


def _of_keys(
    register: RegisterTransaction,
    keys: Iterable[IssuingKey],
    gamme: Gamme,
    serial: int,
    card: str,
    now: datetime,
) -> IssuedCertificate:
    for key in keys:
        found = register.get(key.name, serial)
        if found is not None:
            return found
    name = ca_name(issuer_kind(gamme), gamme)
    register.record_serial(name, serial, card, now)
    entered = register.get(name, serial)
    if entered is None:
        raise UnknownCertificate(f"no certificate {serial:x}", Path())
    return entered


def _lifted(
    authority: "Authority",
    register: RegisterTransaction,
    before: OppositionEntry,
    now: datetime,
    *,
    but: OppositionEntry | None = None,
) -> set[str]:
    """Take back the revocation of an opposed card's certificates, except of those of *but*, and say of whose lists."""
    kept = but.certificates if but is not None and but.gamme == before.gamme else ()
    found = [one for one in _certificates_of(authority, register, before, now) if one.serial not in kept]
    held = [one for one in found if one.reason is ReasonFlags.certificate_hold]
    for_good = [one for one in found if one.revoked is not None and one not in held]
    if for_good and not held:
        raise RevocationRefused(
            f"card {before.card} is revoked for good since {for_good[0].revoked:%Y-%m-%d} ({_reason(for_good[0])})",
            hint="make another card for its holder",
        )
    register.lift((one.number for one in held), now)
    return {one.authority for one in held}


def _revoke(
    register: RegisterTransaction,
    found: Iterable[IssuedCertificate],
    since: datetime,
    reason: ReasonFlags,
    now: datetime,
) -> None:
    """Revoke those that are not revoked for good already; there must be one, unless they are only to be held."""
    told = list(found)
    todo = [one for one in told if one.revoked is None or one.reason is ReasonFlags.certificate_hold]
    if told and not todo and reason is not ReasonFlags.certificate_hold:
        raise RevocationRefused(
            f"certificate {told[0].serial_hex} is revoked already, since {told[0].revoked:%Y-%m-%d} ({_reason(told[0])})"
        )
    register.revoke((one.number for one in todo), since, reason, now)


def _reason(one: IssuedCertificate) -> str:
    return one.reason.value if one.reason is not None else ReasonFlags.unspecified.value


def _now() -> datetime:
    return datetime.now(UTC)
