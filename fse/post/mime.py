"""Mails of strangers taken apart, with bounds: what is cut short, changed or in another charset is one clear line.

Headers are read by the standard library. Bodies are not: it takes them line by line, and level by level as deep as they
go; here a body is bytes, and a multipart is split once, where it is asked for.
"""

import binascii
import email.message
import email.parser
import email.policy
import quopri
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import getaddresses, parsedate_to_datetime
from typing import Final

from bifente.fse.post.errors import LetterRefused, MailRefused, MailTooLarge
from bifente.fse.post.letter import MOST_PARTS, Part, check_address

LONGEST_MAIL: Final = 32 << 20
"""Bytes of a mail: what mail servers take that are set up for this (recipes/mail)."""

_MOST_HEADER_BYTES: Final = 1 << 18
_BROKEN: Final = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What the library raises of headers that no mail program writes."""


@dataclass(frozen=True, slots=True)
class MimeEntity:
    """A mail or a part of one: its headers, and what follows them as it stands there."""

    headers: "email.message.Message[str, str]"
    body: bytes


def parse(message: bytes) -> MimeEntity:
    """The mail or entity in *message*. Raises MailRefused, MailTooLarge."""
    if len(message) > LONGEST_MAIL:
        raise MailTooLarge(f"the mail has {len(message) >> 20} MiB, at most {LONGEST_MAIL >> 20} are read")
    head, body = _split(message)
    try:
        headers = email.parser.BytesHeaderParser(policy=email.policy.compat32).parsebytes(head)
    except _BROKEN:
        raise MailRefused("not a mail") from None
    if not headers.keys():
        raise MailRefused("not a mail: it has no headers")
    return MimeEntity(headers, body)


def _split(message: bytes) -> tuple[bytes, bytes]:
    """Headers and body, which an empty line parts; lines end with CR LF or LF. Raises MailRefused."""
    end, mark = message.find(b"\r\n\r\n", 0, _MOST_HEADER_BYTES), 4
    bare = message.find(b"\n\n", 0, end if end >= 0 else _MOST_HEADER_BYTES)
    if bare >= 0:
        end, mark = bare, 2
    if end >= 0:
        return message[:end], message[end + mark :]
    if len(message) > _MOST_HEADER_BYTES:
        raise MailRefused("the mail begins with more headers than any mail has")
    return message, b""


def media_type(entity: MimeEntity) -> str:
    """Main and sub-type in small letters."""
    return entity.headers.get_content_type()


def is_multipart(entity: MimeEntity) -> bool:
    """Whether the entity says that it holds others."""
    return entity.headers.get_content_maintype() == "multipart"


def parts(entity: MimeEntity) -> list[MimeEntity]:
    """The entities in a multipart (RFC 2046 §5.1), not those within them. Raises MailRefused when it is not whole."""
    try:
        boundary = (entity.headers.get_boundary() or "").encode("ascii")
    except _BROKEN:
        boundary = b""
    if not boundary:
        raise MailRefused("the mail has parts, and does not say what is between them")
    found: list[MimeEntity] = []
    for held in _between(entity.body, b"--" + boundary):
        if len(found) == MOST_PARTS:
            raise MailRefused(f"the mail has more than {MOST_PARTS} parts")
        found.append(parse(held))
    return found


def _between(body: bytes, delimiter: bytes) -> Iterator[bytes]:
    """What stands between the delimiter lines, up to the closing one. Raises MailRefused when that is missing."""
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
    raise MailRefused("the mail is cut short: it ends before its last part does")


def content(entity: MimeEntity) -> bytes:
    """The bytes of an entity without its transfer encoding. Raises MailRefused."""
    if is_multipart(entity):
        raise MailRefused("a part holds other parts where a document is expected")
    encoding = str(entity.headers.get("Content-Transfer-Encoding", "7bit")).strip().lower()
    if encoding == "base64":
        try:
            return binascii.a2b_base64(entity.body.translate(None, b" \t\r\n"), strict_mode=True)
        except binascii.Error:
            raise MailRefused("a part is not base64: the mail was cut short or changed on its way") from None
    if encoding == "quoted-printable":
        return quopri.decodestring(entity.body)
    if encoding not in ("7bit", "8bit", "binary"):
        raise MailRefused(f"a part has the transfer encoding {encoding[:30]!r}, which is not known")
    return entity.body


def text(entity: MimeEntity, name: str, *, default: str | None = None) -> str:
    """The one header *name*, in printable ASCII. Raises MailRefused: missing, twice, or in another charset."""
    found = entity.headers.get_all(name, [])
    if not found and default is not None:
        return default
    if len(found) != 1:
        raise MailRefused(f"the mail has {'no' if not found else 'more than one'} {name}")
    words = " ".join(str(found[0]).split())
    # a Header stands for bytes that are not ASCII
    if not isinstance(found[0], str) or not words.isascii() or not words.isprintable():
        raise MailRefused(f"the header {name} is not ASCII", hint="have the sender write it without accents")
    if "=?" in words:
        raise MailRefused(
            f"the header {name} is encoded in another charset", hint="have the sender write it in ASCII"
        )
    return words


def address(entity: MimeEntity, name: str) -> str:
    """The one address in the header *name*, without the name before it. Raises MailRefused."""
    words, whose = text(entity, name), "sender" if name == "From" else "recipient"
    try:
        check_address(words, whose)
    except LetterRefused:
        pass  # more than a bare address
    else:
        return words
    found = [one for _, one in getaddresses([words])]
    if len(found) != 1:
        raise MailRefused(f"the header {name} has {len(found)} addresses, one is expected")
    try:
        check_address(found[0], whose)
    except LetterRefused as error:
        raise MailRefused(f"the header {name}: {error}") from None
    return found[0]


def date(entity: MimeEntity) -> datetime:
    """When the mail says it was sent; a time without zone is UTC. Raises MailRefused."""
    words = text(entity, "Date")
    try:
        found = parsedate_to_datetime(words)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found
    except (ValueError, OverflowError):
        raise MailRefused(f"the header Date is {words[:60]!r}: a date is expected") from None


def part(entity: MimeEntity, number: int, description: str, unpacked: bytes) -> Part:
    """An entity as a part; one without a name is called by its number. Raises MailRefused."""
    try:
        name = entity.headers.get_filename()  # falls back to the name in Content-Type
        media = str(entity.headers.get("Content-Type", "text/plain")).partition(";")[0].strip()
        return Part(str(name) if name else f"part{number}", media, description, unpacked)
    except LetterRefused as error:
        raise MailRefused(str(error)) from None
    except _BROKEN:
        raise MailRefused(f"the headers of part {number} cannot be read") from None


def header_of(message: bytes, name: str) -> str:
    """The header *name* of a mail that may be cut short or broken; empty when it has none that can be read."""
    try:
        found = parse(message[:_MOST_HEADER_BYTES]).headers.get(name, "")
    except (MailRefused, *_BROKEN):
        return ""
    return " ".join(found.split()) if isinstance(found, str) else ""
