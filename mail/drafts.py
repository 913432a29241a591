"""What a person wants to send, and the mail that is made of it: French text, attachments, lines that no server has to touch."""

import email.policy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from typing import Final

from bifente.mail.addresses import check_address
from bifente.mail.errors import MessageRefused

POLICY: Final = email.policy.SMTP.clone(cte_type="7bit", max_line_length=76)
"""Lines end with CR LF and are of ASCII: what a signature is over arrives as it was sent (RFC 8551 §3.1)."""

LONGEST_TOGETHER: Final = 20 << 20
"""Bytes of text and attachments: in base64, signed and enciphered, they are still a mail that servers take."""

_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document that goes along. *name* is without folder."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail as its writer means it. ``sent`` has a time zone. Raises MessageRefused."""

    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    sent: datetime
    cc: tuple[str, ...] = ()
    name: str = ""
    """The sender's, for people."""
    attachments: tuple[Attachment, ...] = ()

    def __post_init__(self) -> None:
        check_address(self.sender, "sender")
        if not self.to:
            raise MessageRefused("a mail without a recipient", hint="name one")
        for address in (*self.to, *self.cc):
            check_address(address, "recipient")
        for what, text in (("subject", self.subject), ("name of the sender", self.name)):
            if not text.isprintable():
                raise MessageRefused(f"the {what} has a line end or another control character")
        if self.sent.tzinfo is None:
            raise MessageRefused("the date of a mail needs its time zone")
        _check_attachments(self.attachments)
        if len(self.text) + sum(len(one.content) for one in self.attachments) > LONGEST_TOGETHER:
            raise MessageRefused(
                f"text and attachments have more than {LONGEST_TOGETHER >> 20} MiB", hint="send several mails"
            )


def compose(draft: Draft, *, random: Callable[[int], bytes]) -> bytes:
    """The mail (RFC 5322), 7-bit. *random* gives so many bytes, of which the Message-ID is made."""
    message = EmailMessage(policy=POLICY)
    user, _, host = draft.sender.rpartition("@")
    message["From"] = Address(draft.name, user, host)
    message["To"] = ", ".join(draft.to)
    if draft.cc:
        message["Cc"] = ", ".join(draft.cc)
    message["Subject"] = draft.subject
    message["Date"] = format_datetime(draft.sent)
    message["Message-ID"] = f"<{random(16).hex()}@{host}>"
    message.set_content(draft.text, charset="utf-8", cte="quoted-printable")
    message.set_payload(_no_from(str(message.get_payload())))
    for one in draft.attachments:
        main, _, sub = one.media_type.partition("/")
        message.add_attachment(one.content, maintype=main, subtype=sub, filename=one.name)
    if message.is_multipart():
        seed = b"".join(one.content for one in draft.attachments) + draft.text.encode()
        message.set_boundary(f"=_{sha256(seed).hexdigest()[:40]}")
    return message.as_bytes()


def _no_from(quoted: str) -> str:
    """A line must not begin with "From ": programs that keep mails in one file would put a ``>`` before it (RFC 3676 §4.4)."""
    lines = quoted.split("\n")
    return "\n".join(f"=46{one[1:]}" if one.startswith("From ") else one for one in lines)


def _check_attachments(attachments: tuple[Attachment, ...]) -> None:
    for one in attachments:
        if not one.name or not one.name.isprintable() or "/" in one.name or len(one.name) > _LONGEST_NAME:
            raise MessageRefused(f"an attachment cannot be called {one.name[:60]!r}")
        main, slash, sub = one.media_type.partition("/")
        if not slash or not main.isalnum() or main == "multipart" or not sub.isascii() or " " in sub:
            raise MessageRefused(f"not the media type of an attachment: {one.media_type!r}")
