"""Mails of strangers taken apart, with bounds: what is cut short, changed or in another charset is one clear line.

Headers are read by the standard library. Bodies are not: it takes them line by line, and level by level as deep as they
go; here a body is bytes, and a multipart is split once, where it is asked for, so that what was signed stays what it was.
"""

import binascii
import email.message
import email.parser
import email.policy
import quopri
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bifente.documents.errors import DocumentError

LONGEST_MAIL: Final = 32 << 20
"""Bytes of a mail: what mail servers take that are set up for this (recipes/mail)."""

MOST_PARTS: Final = 1000
"""Entities directly in one multipart."""

_MOST_HEADER_BYTES: Final = 1 << 18
BROKEN_HEADERS: Final = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What the library raises of headers that no mail program writes."""


class MimeError(DocumentError):
    """A mail that is not one, or not whole."""

    kind = "input.mail"

    def __init__(self, message: str, *, hint: str = "have the sender send it again") -> None:
        super().__init__("", message, hint=hint)


class MimeTooLong(MimeError):
    """More than a mail may have; it was not read to its end."""

    kind = "input.mail-too-large"

    def __init__(self, message: str) -> None:
        super().__init__(message, hint="have the sender split it")


@dataclass(frozen=True, slots=True)
class MimeEntity:
    """A mail or a part of one: its headers, and what follows them as it stands there."""

    headers: "email.message.Message[str, str]"
    body: bytes
    raw: bytes
    """Both, as they stand there: what a signature is over."""


def parse(message: bytes) -> MimeEntity:
    """The mail or entity in *message*. Raises MimeError, MimeTooLong."""
    if len(message) > LONGEST_MAIL:
        raise MimeTooLong(f"the mail has {len(message) >> 20} MiB, at most {LONGEST_MAIL >> 20} are read")
    head, body = _split(message)
    try:
        headers = email.parser.BytesHeaderParser(policy=email.policy.compat32).parsebytes(head)
    except BROKEN_HEADERS:
        raise MimeError("not a mail") from None
    if not headers.keys():
        raise MimeError("not a mail: it has no headers")
    return MimeEntity(headers, body, message)


def _split(message: bytes) -> tuple[bytes, bytes]:
    """Headers and body, which an empty line parts; lines end with CR LF or LF. Raises MimeError."""
    end, mark = message.find(b"\r\n\r\n", 0, _MOST_HEADER_BYTES), 4
    bare = message.find(b"\n\n", 0, end if end >= 0 else _MOST_HEADER_BYTES)
    if bare >= 0:
        end, mark = bare, 2
    if end >= 0:
        return message[:end], message[end + mark :]
    if len(message) > _MOST_HEADER_BYTES:
        raise MimeError("the mail begins with more headers than any mail has")
    return message, b""


def media_type(entity: MimeEntity) -> str:
    """Main and sub-type in small letters."""
    return entity.headers.get_content_type()


def is_multipart(entity: MimeEntity) -> bool:
    """Whether the entity says that it holds others."""
    return entity.headers.get_content_maintype() == "multipart"


def parts(entity: MimeEntity) -> list[MimeEntity]:
    """The entities in a multipart (RFC 2046 §5.1), not those within them. Raises MimeError when it is not whole."""
    return [parse(held) for held in raw_parts(entity)]


def raw_parts(entity: MimeEntity) -> list[bytes]:
    """The bytes of the entities in a multipart, to which the line end before a delimiter does not belong. Raises MimeError."""
    try:
        boundary = (entity.headers.get_boundary() or "").encode("ascii")
    except BROKEN_HEADERS:
        boundary = b""
    if not boundary:
        raise MimeError("the mail has parts, and does not say what is between them")
    found: list[bytes] = []
    for held in _between(entity.body, b"--" + boundary):
        if len(found) == MOST_PARTS:
            raise MimeError(f"the mail has more than {MOST_PARTS} parts")
        found.append(held)
    return found


def _between(body: bytes, delimiter: bytes) -> Iterator[bytes]:
    """What stands between the delimiter lines, up to the closing one. Raises MimeError when that is missing."""
    begin: int | None = None
    at = body.find(delimiter)
    while at >= 0:
        line_end = body.find(b"\n", at)
        rest = body[at + len(delimiter) : line_end if line_end >= 0 else len(body)].strip()
        if (at == 0 or body[at - 1 : at] == b"\n") and rest in (b"", b"--"):
            if begin is not None:
                # the line end before a delimiter belongs to it
                yield body[begin : at - (2 if body[at - 2 : at] == b"\r\n" else 1)]
            if rest == b"--":
                return
            if line_end < 0:
                break
            begin = line_end + 1
        at = body.find(delimiter, at + len(delimiter))
    raise MimeError("the mail is cut short: it ends before its last part does")


def content(entity: MimeEntity) -> bytes:
    """The bytes of an entity without its transfer encoding. Raises MimeError."""
    if is_multipart(entity):
        raise MimeError("a part holds other parts where a document is expected")
    encoding = str(entity.headers.get("Content-Transfer-Encoding", "7bit")).strip().lower()
    if encoding == "base64":
        try:
            return binascii.a2b_base64(entity.body.translate(None, b" \t\r\n"), strict_mode=True)
        except binascii.Error:
            raise MimeError("a part is not base64: the mail was cut short or changed on its way") from None
    if encoding == "quoted-printable":
        return quopri.decodestring(entity.body)
    if encoding not in ("7bit", "8bit", "binary"):
        raise MimeError(f"a part has the transfer encoding {encoding[:30]!r}, which is not known")
    return entity.body


def header_of(message: bytes, name: str) -> str:
    """The header *name* of a mail that may be cut short or broken; empty when it has none that can be read."""
    try:
        found = parse(message[:_MOST_HEADER_BYTES]).headers.get(name, "")
    except (MimeError, *BROKEN_HEADERS):
        return ""
    return " ".join(found.split()) if isinstance(found, str) else ""
