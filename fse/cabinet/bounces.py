"""The *avis de non-remise*: what a mail server says of a mail that it could not deliver (RFC 3464)."""

from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from typing import Final

_LONGEST: Final = 32 << 20
_MOST_WORDS: Final = 300
_RETURNED: Final = frozenset({"message/rfc822", "text/rfc822-headers", "message/rfc822-headers"})


@dataclass(frozen=True, slots=True)
class BouncedMail:
    """The Message-IDs of what was not delivered, why, and whether the server has given up."""

    named: tuple[str, ...]
    why: str
    final: bool


def bounced_mails(message: bytes) -> BouncedMail | None:
    """What a delivery status notification says; None for any other mail."""
    if len(message) > _LONGEST:
        return None
    try:
        mail = BytesParser(policy=compat32).parsebytes(message)
        if mail.get_content_type() != "multipart/report" or not mail.is_multipart():
            return None
        if str(mail.get_param("report-type", "")).lower() != "delivery-status":
            return None
        status = [part for part in mail.walk() if part.get_content_type() == "message/delivery-status"]
        fields = [field for part in status for field in _fields(part)]
        named = dict.fromkeys(_named(mail))
    except (MessageError, ValueError, LookupError, TypeError, AttributeError):
        return None
    actions = {value.lower() for name, value in fields if name == "action"}
    reasons = [value for name, value in fields if name == "diagnostic-code"] or [
        value for name, value in fields if name == "status"
    ]
    why = " ".join(" ".join(reasons).split())[:_MOST_WORDS] or "no reason given"
    return BouncedMail(tuple(named), why, final="failed" in actions or not actions)


def _fields(status: Message) -> Iterator[tuple[str, str]]:
    """Per message and per recipient: a delivery status is read as a list of header blocks."""
    blocks = status.get_payload()
    for block in blocks if isinstance(blocks, list) else ():
        if isinstance(block, Message):
            yield from ((name.lower(), str(value)) for name, value in block.items())


def _named(mail: Message) -> Iterator[str]:
    """The Message-ID of what came back: in the returned mail or its headers, else what the notice answers to."""
    for part in mail.walk():
        if part.get_content_type() not in _RETURNED:
            continue
        held = part.get_payload()
        if isinstance(held, list):
            inner = [one for one in held if isinstance(one, Message)]
        else:
            raw = part.get_payload(decode=True)
            inner = [BytesParser(policy=compat32).parsebytes(raw if isinstance(raw, bytes) else b"")]
        for one in inner:
            yield from _ids(one, "Message-ID")
    yield from _ids(mail, "In-Reply-To")


def _ids(mail: Message, header: str) -> Iterator[str]:
    for value in mail.get_all(header, ()):
        text = str(value).strip()
        if text:
            yield text
