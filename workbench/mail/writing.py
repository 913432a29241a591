"""Mails written, signed and enciphered, from file to file; the card is asked last, and a file is written when all is done."""

import mimetypes
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.mail.cards import mail_card
from bifente.workbench.mail.trust import GivenCertificate, MailTrust
from bifente.workbench.sheets.files import check_output, leave

if TYPE_CHECKING:
    from bifente.crypto.cms import CipherName

_LONGEST_TEXT = 4 << 20


@dataclass(frozen=True, slots=True)
class CardAsked:
    """Which card works, and how its PIN is asked for."""

    cps: Path | None
    readers: tuple[str, ...]
    pin: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class SealedMail:
    """A mail that was enciphered. ``notes`` say what was chosen."""

    recipients: tuple[str, ...]
    signed: bool
    notes: tuple[str, ...]


def compose_mail(
    output: Path,
    *,
    sender: str,
    name: str,
    to: Sequence[str],
    cc: Sequence[str],
    subject: str,
    text: str | Path,
    attached: Sequence[Path],
    force: bool,
) -> int:
    """Write a mail into *output*; *text* is the text or the file that holds it. Its size. Raises SecureMailError, OSError."""
    from bifente.documents import read_bytes, read_text
    from bifente.documents.mime import LONGEST_MAIL
    from bifente.mail import Attachment, Draft, compose

    check_output(output, force=force)
    draft = Draft(
        sender=sender,
        name=name,
        to=tuple(to),
        cc=tuple(cc),
        subject=subject,
        text=text if isinstance(text, str) else read_text(text, _LONGEST_TEXT),
        sent=datetime.now().astimezone().replace(microsecond=0),
        attachments=tuple(
            Attachment(path.name, _media_type(path), read_bytes(path, LONGEST_MAIL)) for path in attached
        ),
    )
    message = compose(draft, random=secrets.token_bytes)
    leave(output, message, force=force)
    return len(message)


def sign_mail(
    file: Path, output: Path, card: CardAsked, *, authority: Path | None, opaque: bool, force: bool
) -> str:
    """Sign the mail in *file* by the card. The signer's common name. Raises SecureMailError, TerminalError, …"""
    from bifente.mail import CardSigner, sign
    from bifente.workbench.authority import authority_at_hand

    check_output(output, force=force)
    message = read_mail(file)
    known = authority_at_hand(authority)
    intermediates = [] if known is None else MailTrust(known.directory).intermediates
    with mail_card(card.cps, card.readers, card.pin) as session:
        signer = CardSigner(session, intermediates)
        signed = sign(message, signer, when=_now(), opaque=opaque)
        common_name = _common_name(signer.certificate)
    leave(output, signed, force=force)
    return common_name


def encrypt_mail(
    file: Path,
    output: Path,
    trust: MailTrust,
    *,
    given: Sequence[GivenCertificate],
    cipher: "CipherName",
    card: CardAsked | None,
    opaque: bool,
    force: bool,
) -> SealedMail:
    """Encipher the mail in *file* for those whom it names; with a *card* it is signed before.

    Raises NoCertificateForRecipient before any card is asked; SecureMailError, WorkbenchError, TerminalError, …
    """
    from bifente.documents.mime import parse
    from bifente.mail import CardSigner, addresses_in, encrypt
    from bifente.mail.headers import one_text
    from bifente.mail.sealing import is_signed

    check_output(output, force=force)
    message = read_mail(file)
    entity = parse(message)
    named = ", ".join(filter(None, (one_text(entity, "To"), one_text(entity, "Cc"))))
    addresses = tuple(dict.fromkeys(addresses_in(named)))
    recipients = trust.recipients(addresses, given)
    certificates = [one.certificate for one in recipients]
    if card is None:
        sealed = encrypt(message, certificates, cipher=cipher)
    else:
        with mail_card(card.cps, card.readers, card.pin) as session:
            signer = CardSigner(session, trust.intermediates)
            sealed = encrypt(message, certificates, cipher=cipher, signer=signer, when=_now(), opaque=opaque)
    leave(output, sealed, force=force)
    notes = tuple(one.note for one in recipients if one.note)
    return SealedMail(addresses, card is not None or is_signed(entity), notes)


def read_mail(file: Path) -> bytes:
    """The mail in a file. Raises WorkbenchError for a card file; DocumentError, OSError."""
    from bifente.documents import read_bytes
    from bifente.documents.mime import LONGEST_MAIL
    from bifente.workbench.cards.kinds import refuse_card_file

    refuse_card_file(file, "a mail")
    return read_bytes(file, LONGEST_MAIL)


def _media_type(path: Path) -> str:
    found, encoding = mimetypes.guess_type(path.name)
    return found if found is not None and encoding is None else "application/octet-stream"


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _common_name(der: bytes) -> str:
    from bifente.workbench.mail.people import signer_of

    return signer_of(der).words
