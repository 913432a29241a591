"""Mails deciphered and verified, from file to file."""

import email
import email.errors
import email.policy
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.errors import WorkbenchError
from bifente.workbench.mail.cards import mail_card
from bifente.workbench.mail.people import MailSigner, signer_of
from bifente.workbench.mail.trust import MailTrust
from bifente.workbench.mail.writing import CardAsked, read_mail
from bifente.workbench.sheets.files import check_output, leave

if TYPE_CHECKING:
    from email.message import MIMEPart

    from bifente.mail import DecipheredMail, VerifiedMail


@dataclass(frozen=True, slots=True)
class ReadMail:
    """A verified mail: who signed, what the signature covers, and what is in it."""

    verified: "VerifiedMail"
    signer: MailSigner
    headers: dict[str, str]
    """From, To, Cc, Subject, Date as a person reads them."""
    text: str
    attachments: tuple[tuple[str, str, bytes], ...]
    """Name (as the sender wrote it), media type and content."""


def decrypt_mail(file: Path, output: Path, card: CardAsked, *, legacy: bool, force: bool) -> "DecipheredMail":
    """Decipher the mail in *file* by the card into *output*. Raises SecureMailError, TerminalError, …"""
    from bifente.mail import CardDecipher, decrypt

    check_output(output, force=force)
    message = read_mail(file)
    with mail_card(card.cps, card.readers, None) as session:
        decipher = CardDecipher(session)

        def with_pin(cryptogram: bytes) -> bytes:
            # asked for only when the mail is for this card
            session.verify_pin(card.pin())
            return decipher(cryptogram)

        opened = decrypt(message, with_pin, decipher.certificate, legacy=legacy)
    leave(output, opened.message, force=force)
    return opened


def verify_mail(file: Path, trust: MailTrust) -> ReadMail:
    """Verify the signature of the mail in *file*, and read what it covers. Raises SecureMailError, IgcError, …"""
    from bifente.documents.mime import parse
    from bifente.mail import verify
    from bifente.mail.headers import one_text

    message = read_mail(file)
    verified = verify(
        message,
        trust.authority.trust_store,
        trust.at,
        addresses=trust.addresses,
        revoked=trust.revoked,
    )
    outer = parse(message)
    headers = {name: one_text(outer, name) for name in ("From", "To", "Cc", "Subject", "Date")}
    text, attachments = _content(verified.payload)
    return ReadMail(verified, signer_of(verified.certificate), headers, text, attachments)


def save_attachments(mail: ReadMail, folder: Path, *, force: bool) -> list[Path]:
    """Write the attachments into *folder*, all of them or none that stands in the way. The files.

    Raises WorkbenchError for a name that is none, or when one is there already; OSError.
    """
    names = [_safe_name(name, number) for number, (name, _, _) in enumerate(mail.attachments, 1)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise WorkbenchError(f"two attachments are called {twice}")
    from bifente.documents import make_folder

    make_folder(folder, 0o700, parents=False)
    paths = [folder / name for name in names]
    for path in paths:
        check_output(path, force=force)
    with ExitStack() as written:
        for path, (_, _, content) in zip(paths, mail.attachments, strict=True):
            leave(path, content, force=force)
            if not force:
                written.callback(path.unlink)
        written.pop_all()
    return paths


def _safe_name(name: str, number: int) -> str:
    """The name of a stranger's file without a folder. Raises WorkbenchError."""
    last = name.replace("\\", "/").rpartition("/")[2].strip()
    if not last or last.startswith(".") or not last.isprintable() or len(last.encode()) > 200:
        return f"attachment{number}"
    return last


def _content(payload: bytes) -> tuple[str, tuple[tuple[str, str, bytes], ...]]:
    """The text and the attachments of what was signed. Raises MessageRefused for parts that the library does not read."""
    from bifente.documents.mime import BROKEN_HEADERS
    from bifente.mail import MessageRefused

    try:
        message = email.message_from_bytes(payload, policy=email.policy.default)
        body = message.get_body(("plain",))
        text = _text(body) if body is not None else ""
        return text, tuple(_attachments(message, body))
    except (*BROKEN_HEADERS, email.errors.MessageError):
        raise MessageRefused("the signature holds, and the parts that it covers cannot be read") from None


def _text(part: "MIMEPart") -> str:
    raw = _bytes_of(part)
    try:
        text = raw.decode(str(part.get_content_charset("utf-8")), "replace")
    except LookupError:
        text = raw.decode("utf-8", "replace")
    return text.replace("\r\n", "\n")


def _attachments(part: "MIMEPart", body: "MIMEPart | None") -> Iterator[tuple[str, str, bytes]]:
    """Everything but the text; an attached mail is one document, whatever is in it."""
    if part is body:
        return
    if part.get_content_maintype() == "multipart":
        for one in part.iter_parts():
            yield from _attachments(one, body)
        return
    yield part.get_filename() or "", part.get_content_type(), _bytes_of(part)


def _bytes_of(part: "MIMEPart") -> bytes:
    if part.get_content_maintype() == "message" and part.is_multipart():
        return b"".join(one.as_bytes() for one in part.iter_parts())
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
