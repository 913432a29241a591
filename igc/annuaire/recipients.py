"""Whom a letter to a mail address is enciphered for: the valid certificate of who has that address, the newest if there are several.

A caisse or an application is found by its common name, which is its address (spec/pki.md §1.7), and its certificate enciphers
keys. A card has no certificate for that: who has only a CPS is enciphered for by its authentication certificate, whose key
deciphers (spec/pki.md §1.3). A signature certificate is never taken.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from bifente.igc.annuaire.annuaire import Annuaire
from bifente.igc.annuaire.errors import NobodyToEncipherFor
from bifente.igc.annuaire.values import (
    AnnuaireQuery,
    CertificateUse,
    EntryKind,
    ListedCertificate,
)

_ENCIPHERS: Final = (CertificateUse.ENCIPHERMENT, CertificateUse.AUTHENTICATION)
"""In the order in which they are preferred."""

_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class AnnuaireRecipient:
    """Who has a mail address, and the certificate to encipher for. ``others`` were valid, too: the newest was taken."""

    address: str
    name: str
    certificate: ListedCertificate
    others: tuple[ListedCertificate, ...] = ()

    @property
    def remark(self) -> str:
        """What is to be said when there was a choice; else empty."""
        if not self.others:
            return ""
        return (
            f"{self.address} has {1 + len(self.others)} valid certificates: the newest is taken, {self.certificate.serial}"
            f" of {self.certificate.not_before:%Y-%m-%d}"
        )


def find_recipient(annuaire: Annuaire, address: str, at: datetime) -> AnnuaireRecipient:
    """The certificate to encipher for *address* at the time *at*.

    Revoked ones and those of opposed cards are left out, as far as the annuaire knows; the chain is for the caller to verify.
    Raises NobodyToEncipherFor, which says why, AnnuaireError.
    """
    when = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    found: list[ListedCertificate] = []
    names: list[str] = []
    for name, certificates, opposed in _owners(annuaire, address.strip()):
        names.append(name)
        found += [one for one in certificates if not _opposed(one, opposed, when)]
    if not names:
        raise NobodyToEncipherFor(
            f"the annuaire has nobody with the mail address {address}", hint="look for the person by name"
        )
    able = [one for one in found if one.use in _ENCIPHERS]
    valid = [one for one in able if one.status_at(when) == "valid"]
    if not valid:
        raise NobodyToEncipherFor(
            f"{names[0]} ({address}) has no valid certificate to encipher for{_why(able, when)}"
        )
    preferred = next(use for use in _ENCIPHERS if any(one.use is use for one in valid))
    chosen = sorted(
        (one for one in valid if one.use is preferred),
        key=lambda one: (one.not_before, int(one.serial, 16)),
        reverse=True,
    )
    return AnnuaireRecipient(address, names[0], chosen[0], tuple(chosen[1:]))


def certificates_for(annuaire: Annuaire, address: str) -> list[bytes]:
    """Every certificate (DER) of whoever has exactly that mail address, good and bad ones, the newest first.

    For whoever judges them: their use, validity, chain and revocation. Raises AnnuaireError.
    """
    found = [one for _, certificates, _ in _owners(annuaire, address.strip()) for one in certificates]
    return [one.der for one in sorted(found, key=lambda one: one.not_before, reverse=True)]


def _owners(
    annuaire: Annuaire, address: str
) -> list[tuple[str, tuple[ListedCertificate, ...], dict[str, date]]]:
    """Who has exactly that address: name, certificates, opposed cards."""
    owners: list[tuple[str, tuple[ListedCertificate, ...], dict[str, date]]] = []
    same = address.casefold()
    for kind in (EntryKind.SERVER, EntryKind.PROFESSIONAL, EntryKind.STRUCTURE):
        for entry in annuaire.search(AnnuaireQuery(kind, mail=address), size=_MOST).entries:
            if kind is EntryKind.SERVER:
                server = annuaire.server(entry.identifier)
                if server.name.casefold() == same:
                    owners.append((server.name, server.certificates, {}))
            elif kind is EntryKind.PROFESSIONAL:
                person = annuaire.professional(entry.identifier)
                if same in (mail.casefold() for mail in person.mails):
                    opposed = {card.number: card.opposed for card in person.cards if card.opposed is not None}
                    owners.append((person.full_name, person.certificates, opposed))
            else:
                structure = annuaire.structure(entry.identifier)
                if structure.mail.casefold() == same and structure.certificates:
                    owners.append((structure.name, structure.certificates, {}))
    return owners


def _opposed(certificate: ListedCertificate, opposed: dict[str, date], when: datetime) -> bool:
    since = opposed.get(certificate.card)
    return since is not None and since <= when.date()


def _why(certificates: list[ListedCertificate], when: datetime) -> str:
    """Of those there are, what is wrong with the newest."""
    if not certificates:
        return ""
    newest = max(certificates, key=lambda one: one.not_before)
    status = newest.status_at(when)
    if status == "expired":
        return f": {newest.serial} expired on {newest.not_after:%Y-%m-%d}"
    if status == "future":
        return f": {newest.serial} begins on {newest.not_before:%Y-%m-%d}"
    return f": {newest.serial} is revoked"
