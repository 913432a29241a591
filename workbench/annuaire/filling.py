"""The annuaire filled: from what is on cards, in certificates, from the authority that issued them, and from the extracts."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bifente.workbench.annuaire.files import make_annuaire
from bifente.workbench.cards.kinds import is_card_file
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.applets.perso.cardrecords import Records
    from bifente.codes.holder import CardHolder
    from bifente.igc import Authority
    from bifente.igc.annuaire import Annuaire, ImportResult
    from bifente.igc.annuaire.annuaire import ImportTold
    from bifente.igc.annuaire.certificates import CertifiedPerson, PracticePlace, ReadCertificate

_LONGEST: Final = 1 << 20
_CERTIFICATES: Final = ("EF.C.CH.SIG", "EF.C.CH.AUT", "EF.C.TECH.AUT")
_ENDINGS: Final = frozenset({".pem", ".crt", ".cer", ".der", ".card", ".p7b"})
_MOST_FILES: Final = 100_000


@dataclass(frozen=True, slots=True)
class FillResult:
    """What filling did: how many certificates were found, how many of them were new, who was left out."""

    found: int
    new: int
    left_out: tuple[str, ...] = ()


def import_extracts(
    paths: Sequence[Path],
    annuaire: Path | None = None,
    *,
    forget: bool = False,
    told: "ImportTold | None" = None,
) -> "list[ImportResult]":
    """Take extracts into the annuaire, which is made if need be; each is taken whole, or not at all.

    With *forget* an extract of activities is the whole truth. Raises AnnuaireError, DocumentError, OSError.
    """
    from bifente.igc.annuaire import opened_extract

    done = []
    with make_annuaire(annuaire) as made:
        for path in paths:
            with opened_extract(path) as extract:
                done.append(made.take(extract, forget=forget, told=told))
    return done


def fill(
    paths: Sequence[Path],
    annuaire: Path | None = None,
    *,
    authority: "Authority | None" = None,
    without: Collection[str] = (),
    mail: str = "",
) -> FillResult:
    """Publish the certificates of card files, of certificate files, of all such files in folders, and what *authority* has
    issued, with its own certificates.

    Who is among *without* (national identifiers) is not to be listed, now and later. *mail* is the address of the one person
    whom the files name. Raises WorkbenchError, AnnuaireError, IgcError, DocumentError, OSError.
    """
    if mail:
        _check_address(mail)
    found = [one for path in paths for one in _certificates_at(path)]
    people = {owner.identifier for one in found if (owner := _person(one)) is not None}
    if mail and len(people) != 1:
        raise WorkbenchError(
            f"a mail address is one person's, and the files name {len(people)}",
            hint="give one card at a time",
        )
    with make_annuaire(annuaire) as made:
        for identifier in without:
            made.hide(identifier)
        new = made.publish(found, mail=mail)
        if authority is not None:
            place = str(authority.directory)
            issued, last = _of_authority(authority, made.followed(place))
            new += made.publish(issued)
            made.follow(place, last)
            _follow(made, authority)
            found += issued
    return FillResult(len(found), new, tuple(sorted(people & set(without))))


def _person(found: "ReadCertificate") -> "CertifiedPerson | None":
    from bifente.igc.annuaire.certificates import CertifiedPerson

    return found.owner if isinstance(found.owner, CertifiedPerson) else None


def _certificates_at(path: Path) -> "list[ReadCertificate]":
    """What a card file, a file of certificates, or a folder of both holds."""
    if not path.is_dir():
        return _certificates_in(path)
    files = sorted(one for one in path.rglob("*") if one.suffix.casefold() in _ENDINGS and one.is_file())
    if not files:
        raise WorkbenchError(f"{path}: no card file and no certificate in this folder")
    if len(files) > _MOST_FILES:
        raise WorkbenchError(f"{path}: more than {_MOST_FILES} files", hint="name the folders one by one")
    return [found for file in files for found in _certificates_in(file)]


def _certificates_in(path: Path) -> "list[ReadCertificate]":
    from bifente.documents import read_bytes
    from bifente.igc.annuaire import AnnuaireError, read_certificate

    if is_card_file(path):
        return _on_card(path)
    try:
        return [read_certificate(der) for der in _ders(read_bytes(path, _LONGEST))]
    except (ValueError, AnnuaireError) as error:
        what = str(error) if isinstance(error, AnnuaireError) else "not a certificate"
        raise WorkbenchError(
            f"{path}: {what}", hint="a card file, or certificates as DER, PEM or PKCS #7"
        ) from None


def _ders(content: bytes) -> list[bytes]:
    """The certificates in a file: one as DER, several as PEM or in a PKCS #7 of certificates only. Raises ValueError."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

    if b"-----BEGIN CERTIFICATE-----" in content:
        return [one.public_bytes(Encoding.DER) for one in x509.load_pem_x509_certificates(content)]
    if b"-----BEGIN PKCS7-----" in content:
        return [one.public_bytes(Encoding.DER) for one in pkcs7.load_pem_pkcs7_certificates(content)]
    try:
        return [x509.load_der_x509_certificate(content).public_bytes(Encoding.DER)]
    except ValueError:
        return [one.public_bytes(Encoding.DER) for one in pkcs7.load_der_pkcs7_certificates(content)]


def _on_card(path: Path) -> "list[ReadCertificate]":
    """The certificates of a professional's card, and what its data objects say of the holder."""
    from bifente.applets import read_card
    from bifente.applets.perso.cardrecords import content_bytes, layout_of
    from bifente.igc.annuaire import AnnuaireError, read_certificate

    records = read_card(path)
    layout = layout_of(records)
    holder, places = _holder(records), _places(records)
    found = []
    for name in _CERTIFICATES:
        try:
            place, node = layout.named(name)
            der = content_bytes(records, node, place)
        except KeyError:
            continue
        try:
            found.append(read_certificate(der, holder, places))
        except AnnuaireError as error:
            raise WorkbenchError(f"{path}: {name}: {error}") from None
    if not found:
        raise WorkbenchError(f"{path}: this card has no certificate", hint="professionals' cards have them")
    return found


def _places(records: "Records") -> "tuple[PracticePlace, ...]":
    """The places of practice in the card's activities, as far as they can be read."""
    from bifente.applets.perso.cardrecords import card_files, content_bytes, layout_of
    from bifente.igc.annuaire.certificates import PracticePlace
    from bifente.layouts.codecs.businessdata import ACTIVITY
    from bifente.layouts.errors import LayoutError

    found = []
    for place, node in card_files(records, layout_of(records)):
        if not node.name.startswith("CPS_ACTIVITY_"):
            continue
        try:
            activity = ACTIVITY.decode(content_bytes(records, node, place))
        except LayoutError:
            continue
        if isinstance(activity, Mapping) and (structure := str(activity.get("structure") or "")):
            practised = activity.get("exercice")
            mode = practised.get("mode") if isinstance(practised, Mapping) else activity.get("mode_exercice")
            name, sector = activity.get("raison_sociale"), activity.get("secteur")
            found.append(PracticePlace(structure, str(name or ""), str(mode or ""), str(sector or "")))
    return tuple(found)


def _holder(records: "Records") -> "CardHolder | None":
    """Whom the data objects of the card name; None when they do not say enough."""
    from bifente.applets.perso.cardrecords import content_bytes, layout_of
    from bifente.layouts.codecs import professional
    from bifente.layouts.errors import LayoutError

    layout = layout_of(records)
    contents = []
    for label, codec in professional.HOLDER.items():
        try:
            place, node = layout.named(label)
            contents.append(codec.decode(content_bytes(records, node, place)))
        except (KeyError, LayoutError):
            return None
    try:
        return professional.holder_of(*contents)
    except LayoutError:
        return None


def _of_authority(authority: "Authority", after: int) -> "tuple[list[ReadCertificate], int]":
    """The certificates of the authority itself, and what its register says it has issued since the certificate *after*; with
    the number of the last one. One of a foreign form is left out: it names nobody whom the annuaire could list."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from bifente.igc.annuaire import AnnuaireError, read_certificate

    found = [read_certificate(one.public_bytes(Encoding.DER)) for one in authority.certificates.values()]
    last = after
    for issued in authority.register.issued(after):
        last = issued.number
        if issued.der is not None:
            with suppress(AnnuaireError):
                found.append(read_certificate(issued.der))
    return found, last


def _follow(annuaire: "Annuaire", authority: "Authority") -> None:
    """Say which certificates and cards the authority has revoked and opposed, and keep its revocation lists."""
    from datetime import datetime

    from bifente.igc.annuaire.certificates import serial_text, shown_name
    from bifente.igc.status.lists import RevocationLists

    revoked: dict[str, dict[str, datetime]] = {}
    with authority.register.reading() as register:
        opposed = {
            serial_text(f"{serial:x}"): entry.since
            for entry in register.oppositions()
            for serial in entry.certificates
        }
        for name in {one.authority for one in authority.register.issued()}:
            revoked[name] = {
                serial_text(one.serial_hex): one.revoked
                for one in register.revoked(name)
                if one.revoked is not None
            }
    lists = list(RevocationLists(authority).all())
    with annuaire.changing() as change:
        change.opposed_cards(opposed)
        for key, publication in lists:
            subject = shown_name(key.certificate.subject)
            change.revocations(subject, revoked.get(key.name, {}))
            change.lists(subject, publication.complete, publication.delta)


def add_mail(identifier: str, address: str, annuaire: Path | None = None) -> None:
    """Give somebody a mail address. Raises NotListed, WorkbenchError, AnnuaireError, OSError."""
    from bifente.workbench.annuaire.files import open_annuaire

    _check_address(address)
    with open_annuaire(annuaire) as opened:
        opened.add_mail(identifier, address)


def _check_address(address: str) -> None:
    name, at, domain = address.partition("@")
    if not (name and at and domain) or "@" in domain or not address.isprintable() or " " in address:
        raise WorkbenchError(f"not a mail address: {address!r}", hint="name@domain")


def set_listed(identifier: str, annuaire: Path | None = None, *, listed: bool) -> bool:
    """List somebody or not; False when that changes nothing yet. Raises AnnuaireError, OSError."""
    with make_annuaire(annuaire) as opened:
        return opened.show(identifier) if listed else opened.hide(identifier)
