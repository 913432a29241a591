"""Mails handed to a server and taken from one, by the settings of an account (docs/post.md)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.errors import WorkbenchError
from bifente.workbench.mail.writing import read_mail
from bifente.workbench.sheets.files import leave

if TYPE_CHECKING:
    from bifente.documents.mime import MimeEntity
    from bifente.fse.post import Delivered


@dataclass(frozen=True, slots=True)
class SentMail:
    """What was handed over."""

    sender: str
    recipients: tuple[str, ...]
    protection: str
    """``enciphered``, ``signed`` or ``none``."""


@dataclass(frozen=True, slots=True)
class FetchedMail:
    """A mail that came. ``file`` is where it is now; None when it was too large to be fetched."""

    file: Path | None
    sender: str
    subject: str
    protection: str
    size: int


class PartlySent(WorkbenchError):
    """Some recipients have the mail, and one has not: it is said who."""

    def __init__(self, recipient: str, sent: tuple[str, ...], why: Exception) -> None:
        super().__init__(
            f"{why}; it was sent to {', '.join(sent)}",
            str(getattr(why, "kind", "post")),
            hint=f"send it again to {recipient} only",
        )
        self.recipient = recipient
        self.sent = sent


def send_mail(file: Path, account: Path, *, plain: bool, only: tuple[str, ...] = ()) -> SentMail:
    """Hand the mail in *file* to the server of the settings *account*, for everybody in its To and Cc, or *only* some of them.

    A mail that is neither signed nor enciphered is refused unless *plain*. Raises SecureMailError, PostError, PartlySent,
    WorkbenchError; nothing is sent before all addresses are looked at.
    """
    from bifente.documents.mime import parse
    from bifente.fse.post import PostError, opened_post, read_settings
    from bifente.mail import MessageRefused, addresses_in, check_address
    from bifente.mail.headers import one_text
    from bifente.mail.sealing import canonical

    message = canonical(read_mail(file))
    entity = parse(message)
    protection = protection_of(entity)
    if protection == "none" and not plain:
        raise WorkbenchError(f"{file}: neither signed nor enciphered", "input.plain-mail")
    settings = read_settings(account)
    senders = addresses_in(one_text(entity, "From"))
    if len(senders) != 1:
        raise MessageRefused(f"the mail names {len(senders)} senders (From), one is expected")
    named = ", ".join(filter(None, (one_text(entity, "To"), one_text(entity, "Cc"))))
    recipients = tuple(dict.fromkeys(only or addresses_in(named)))
    if not recipients:
        raise MessageRefused("the mail names no recipient")
    for one in recipients:
        check_address(one, "recipient")
    if senders[0].casefold() != settings.address.casefold():
        raise WorkbenchError(f"{file} is from {senders[0]}, and the account is that of {settings.address}")
    with opened_post(settings) as post:
        for number, one in enumerate(recipients):
            try:
                post.send(message, sender=settings.address, recipient=one)
            except PostError as error:
                if number:
                    raise PartlySent(one, recipients[:number], error) from None
                raise
    return SentMail(settings.address, recipients, protection)


def fetch_mails(account: Path, folder: Path, *, delete: bool) -> Iterator[FetchedMail]:
    """Write the mails in the box of the settings *account* into *folder*, one file each, and give each when it is there.

    A mail that is there already is not written again. With *delete* it leaves the box, once its file is whole.
    """
    from bifente.fse.post import post_of, read_settings

    post = post_of(read_settings(account))
    from bifente.documents import make_folder

    make_folder(folder, 0o700, parents=False)
    for one in post.fetch():
        fetched = _kept(one, folder)
        yield fetched
        if delete and fetched.file is not None:
            post.done(one.id)


def protection_of(entity: "MimeEntity") -> str:
    """``enciphered``, ``signed`` or ``none``, as the mail says."""
    from bifente.mail.opening import is_enciphered
    from bifente.mail.sealing import is_signed

    if is_signed(entity):
        return "signed"
    return "enciphered" if is_enciphered(entity) else "none"


def _kept(mail: "Delivered", folder: Path) -> FetchedMail:
    from bifente.documents.mime import MimeError, header_of, parse
    from bifente.mail.headers import decoded

    sender, subject = (decoded(header_of(mail.message, name)) for name in ("From", "Subject"))
    if mail.oversize:
        return FetchedMail(None, sender, subject, "none", mail.oversize)
    try:
        protection = protection_of(parse(mail.message))
    except MimeError:
        protection = "none"
    path = folder / f"{_file_name(mail)}.eml"
    if not path.exists():
        leave(path, mail.message, force=False)
    return FetchedMail(path, sender, subject, protection, len(mail.message))


def _file_name(mail: "Delivered") -> str:
    """Made of the Message-ID, and of the content where two mails say that they have the same one."""
    named = re.sub(r"[^A-Za-z0-9]+", "-", mail.message_id.partition("@")[0]).strip("-")[:40]
    return f"{named or 'mail'}-{sha256(mail.message).hexdigest()[:12]}"
