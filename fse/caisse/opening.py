"""What is in a mail: opened with the caisse's key, its lots looked at; nothing of it is believed yet."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from email.utils import parseaddr
from hashlib import sha256

from bifente.fse.caisse.codes import CaisseFinding
from bifente.fse.caisse.evidence import LotEvidence
from bifente.fse.caisse.identity import CaisseIdentity
from bifente.fse.caisse.judgement import LotDossier
from bifente.fse.caisse.store.records import ReceivedMessage
from bifente.fse.post import B2, B2_TEST, LOT, B2Subject, Delivered, LetterRefused, MailRefused, open_letter
from bifente.fse.post.letter import check_address
from bifente.fse.post.mime import header_of


@dataclass(frozen=True, slots=True)
class OpenedMail:
    """A mail before anything was asked of the store."""

    message: ReceivedMessage
    evidence: tuple[LotEvidence, ...]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A mail that was opened: its B2 file and signed lots, which nobody has looked at yet."""

    message: ReceivedMessage
    mail: bytes
    b2: bytes
    signed_lots: tuple[bytes, ...]


def opened_mail(delivered: Delivered, identity: CaisseIdentity) -> SealedFile | OpenedMail:
    """The file in a mail, deciphered; or a mail that holds none."""
    message = ReceivedMessage(
        delivered.id,
        sha256(delivered.message).hexdigest(),
        "",
        "",
        delivered.oversize or len(delivered.message),
    )
    if delivered.oversize:
        return _unreadable(message, delivered.message, f"a mail of {delivered.oversize} bytes is not read")
    try:
        letter = open_letter(delivered.message, identity.key, identity.certificate)
    except MailRefused as error:
        return _unreadable(message, delivered.message, str(error))
    message = replace(message, sender=letter.sender, subject=letter.subject[:1000])
    files = [part.content for part in letter.parts if part.description in (B2, B2_TEST)]
    signed = tuple(part.content for part in letter.parts if part.description == LOT)
    if len(files) != 1:
        trouble = f"{len(files)} B2 files in the mail, one is expected"
        return _unreadable(message, delivered.message, trouble, code="L02")
    return SealedFile(message, delivered.message, files[0], signed)


def examined_mail(file: SealedFile, found: Sequence[LotEvidence]) -> OpenedMail:
    """A mail with what was *found* in its file."""
    known = tuple(one for one in found if _may_be_answered(one.dossier))
    if not known:
        findings = [finding for one in found for finding in one.dossier.findings]
        first = findings[0] if findings else CaisseFinding("L02")
        return _unreadable(file.message, file.mail, first.words, code=first.code)
    return OpenedMail(file.message, known)


def _may_be_answered(lot: LotDossier) -> bool:
    """An ARL can name it: a professional's nine digits, and a lot number of three."""
    number = lot.professional
    return len(number) == 9 and number.isascii() and number.isdigit() and 0 <= lot.number <= 999


def _unreadable(message: ReceivedMessage, mail: bytes, trouble: str, *, code: str = "L01") -> OpenedMail:
    """A mail in which no lot can be read. Who sent it is told, when its subject names a professional (an émetteur).

    Whatever machines send of their own accord (undelivered mails) is never answered.
    """
    sender = message.sender or parseaddr(header_of(mail, "From"))[1]
    subject = message.subject or header_of(mail, "Subject")
    message = replace(message, sender=sender[:320], subject=subject[:1000])
    try:
        check_address(sender, "sender")
        professional = B2Subject.parse(subject).emitter[-9:]
    except LetterRefused:
        professional = ""
    if header_of(mail, "Auto-Submitted").lower() not in ("", "no") or not professional.isdigit():
        return OpenedMail(message, (), trouble)
    dossier = LotDossier(
        professional.zfill(9),
        0,
        "",
        "",
        "",
        message.digest,
        None,
        None,
        (),
        (CaisseFinding(code, detail=trouble),),
    )
    return OpenedMail(message, (LotEvidence(dossier, None, None),), trouble)
