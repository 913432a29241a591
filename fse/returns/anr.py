"""The ANR (*avis de non-remise*): the mail by which a mail server says that one could not be delivered.

Read are delivery status notifications (RFC 3464), as Postfix, Exim, our Maildir post and most others write them, and Exim's older
form: a plain text with ``X-Failed-Recipients`` above and the returned mail below. Nobody signs a notice: what it says is a reason
to send again or to look, and never a proof.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from enum import Enum
from typing import Final

LONGEST_NOTICE: Final = 32 << 20
"""Bytes of a mail that is looked at: a notice may hold the whole mail that came back."""

_MOST_WORDS: Final = 300
_MOST_RECIPIENTS: Final = 1000
_MOST_HEADER_BYTES: Final = 1 << 18
_RETURNED: Final = frozenset(
    {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global"}
)
_BROKEN: Final = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What the library raises of mails that no mail program writes."""
_COPY: Final = re.compile(rb"^-{4,} ?This is a copy of (?:the|your) message.*$", re.MULTILINE)
_BLANK_LINE: Final = re.compile(rb"\r?\n[ \t]*\r?\n")


class DeliveryAction(Enum):
    """What became of one recipient (RFC 3464 §2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


@dataclass(frozen=True, slots=True)
class RecipientNotice:
    """What a notice says of one recipient: ``status`` is that of RFC 3463 (``5.1.1``) or empty, ``why`` one line."""

    recipient: str
    action: DeliveryAction
    status: str
    why: str


@dataclass(frozen=True, slots=True)
class Anr:
    """A notice: what it says of each recipient, and of which mail: the Message-IDs that it names, and the subject or nothing.

    ``message_ids`` are those of the mail that came back, and of what the notice answers to.
    """

    recipients: tuple[RecipientNotice, ...]
    message_ids: tuple[str, ...]
    subject: str

    @property
    def failed(self) -> tuple[RecipientNotice, ...]:
        """Those whom the mail will not reach: the server has given up."""
        return tuple(one for one in self.recipients if one.action is DeliveryAction.FAILED)

    @property
    def why(self) -> str:
        """One line: each recipient that was not reached and the reason; of a delay the recipients that wait."""
        told = self.failed or self.recipients
        return "; ".join(f"{one.recipient}: {one.why}" for one in told)[:_MOST_WORDS]


def read_anr(message: bytes) -> Anr | None:
    """What a notice says; None for any other mail, and for one that says of no recipient that it was not reached in time.

    Raises nothing: a mail of any form is a notice or is not.
    """
    if len(message) > LONGEST_NOTICE or _header_too_long(message):
        return None
    try:
        mail = BytesParser(policy=compat32).parsebytes(message)
        if mail.get_content_type() == "multipart/report":
            return _report(mail)
        return _plain(mail, message) if "X-Failed-Recipients" in mail else None
    except _BROKEN:
        return None


def _header_too_long(message: bytes) -> bool:
    found = _BLANK_LINE.search(message, 0, _MOST_HEADER_BYTES)
    return found is None and len(message) > _MOST_HEADER_BYTES


def _report(mail: Message) -> Anr | None:
    """A delivery status notification: RFC 3464 §2."""
    if str(mail.get_param("report-type", "")).lower() != "delivery-status" or not mail.is_multipart():
        return None
    recipients: list[RecipientNotice] = []
    returned: list[Message] = []
    for part in mail.get_payload():
        if not isinstance(part, Message):
            continue
        if part.get_content_type() in ("message/delivery-status", "message/global-delivery-status"):
            recipients += _recipients(part)
        elif part.get_content_type() in _RETURNED:
            returned.append(_returned(part))
    return _notice(recipients, returned, mail)


def _recipients(part: Message) -> Iterator[RecipientNotice]:
    """The groups of fields after the first, one for each recipient."""
    groups = part.get_payload()
    for group in groups if isinstance(groups, list) else ():
        if not isinstance(group, Message) or "Action" not in group:
            continue
        address = _typed(group, "Final-Recipient") or _typed(group, "Original-Recipient")
        try:
            action = DeliveryAction(_words(group, "Action").lower())
        except ValueError:
            continue
        status = _words(group, "Status").partition(" ")[0]
        why = _typed(group, "Diagnostic-Code") or status or "no reason given"
        yield RecipientNotice(address, action, status, why[:_MOST_WORDS])


def _returned(part: Message) -> Message:
    """The mail that came back, or what came back of it."""
    held = part.get_payload()
    if isinstance(held, list):
        return next((one for one in held if isinstance(one, Message)), Message())
    content = part.get_payload(decode=True)
    return BytesParser(policy=compat32).parsebytes(
        content if isinstance(content, bytes) else b"", headersonly=True
    )


def _plain(mail: Message, message: bytes) -> Anr | None:
    """Exim's notice in plain text: addresses indented by two, their reasons by more, a copy of the mail behind a line."""
    found = _COPY.search(message)
    body, copy = (message[: found.start()], message[found.end() :]) if found else (message, b"")
    addresses = [one.strip() for one in _words(mail, "X-Failed-Recipients").split(",") if one.strip()]
    reasons = dict(_reasons(body.decode("utf-8", "replace"), addresses))
    recipients = [
        RecipientNotice(
            one, DeliveryAction.FAILED, _status(reasons.get(one, "")), reasons.get(one) or "no reason given"
        )
        for one in addresses[:_MOST_RECIPIENTS]
    ]
    returned = BytesParser(policy=compat32).parsebytes(copy.lstrip(b"\r\n"), headersonly=True)
    return _notice(recipients, [returned], mail)


def _reasons(body: str, addresses: list[str]) -> Iterator[tuple[str, str]]:
    """Each address that stands on a line of its own, with the indented lines below it."""
    wanted, current = set(addresses), ""
    words: list[str] = []
    for line in body.splitlines():
        text = line.strip()
        if text.strip("<>") in wanted:
            if current:
                yield current, " ".join(words)[:_MOST_WORDS]
            current, words = text.strip("<>"), []
        elif current and text and line[:1] in " \t":
            words.append(text)
        elif current:
            yield current, " ".join(words)[:_MOST_WORDS]
            current, words = "", []
    if current:
        yield current, " ".join(words)[:_MOST_WORDS]


def _status(reason: str) -> str:
    """The enhanced status code in a line of SMTP, or nothing."""
    found = re.search(r"\b([245]\.[0-9]{1,3}\.[0-9]{1,3})\b", reason)
    return found[1] if found else ""


def _notice(recipients: list[RecipientNotice], returned: list[Message], mail: Message) -> Anr | None:
    late = (DeliveryAction.FAILED, DeliveryAction.DELAYED)
    told = tuple(one for one in recipients[:_MOST_RECIPIENTS] if one.action in late)
    if not told:
        return None
    named = [text for one in returned for text in _identifiers(one, "Message-ID")]
    named += [text for header in ("In-Reply-To", "References") for text in _identifiers(mail, header)]
    subject = next((text for one in returned if (text := _words(one, "Subject"))), "")
    return Anr(told, tuple(dict.fromkeys(named)), subject)


def _identifiers(mail: Message, header: str) -> list[str]:
    return re.findall(r"<[^<>\s]{1,998}>", " ".join(str(value) for value in mail.get_all(header, ())))


def _typed(group: Message, header: str) -> str:
    """The value of a field that begins with its type: ``rfc822; box@example``."""
    text = _words(group, header)
    return text.partition(";")[2].strip() if ";" in text else text


def _words(mail: Message, header: str) -> str:
    """A header as one line, deciphered from RFC 2047."""
    text = " ".join(str(mail.get(header, "")).split())
    try:
        return " ".join(str(make_header(decode_header(text))).split())
    except _BROKEN:
        return text
