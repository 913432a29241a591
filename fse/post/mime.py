"""Mails of strangers taken apart, with bounds: what is cut short, changed or in another charset is one clear line."""

import base64
import binascii
import email.message
import email.parser
import email.policy
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import getaddresses, parsedate_to_datetime
from typing import Final

from bifente.fse.post.errors import LetterRefused, MailRefused, MailTooLarge
from bifente.fse.post.letter import Part, check_address

Entity = email.message.Message

LONGEST_MAIL: Final = 32 << 20
"""Bytes of a mail: what mail servers take that are set up for this (recipes/mail)."""

_MOST_HEADER_BYTES: Final = 1 << 18
_NOT_WHOLE: Final = "the mail is cut short: it ends before its last part does"
_BROKEN: Final = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What the library raises of mails that no mail program writes."""


def parse(message: bytes) -> Entity:
    """The mail or entity in *message*. Raises MailRefused, MailTooLarge."""
    if len(message) > LONGEST_MAIL:
        raise MailTooLarge(f"the mail has {len(message) >> 20} MiB, at most {LONGEST_MAIL >> 20} are read")
    head = re.split(rb"\r?\n\r?\n", message[: _MOST_HEADER_BYTES + 1], maxsplit=1)[0]
    if len(head) > _MOST_HEADER_BYTES:
        raise MailRefused("the mail begins with more headers than any mail has")
    try:
        found = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(message)
    except _BROKEN:
        raise MailRefused("not a mail") from None
    if not found.keys():
        raise MailRefused("not a mail: it has no headers")
    return found


def media_type(entity: Entity) -> str:
    """Main and sub-type in small letters."""
    return entity.get_content_type()


def is_multipart(entity: Entity) -> bool:
    """Whether the entity says that it holds others."""
    return entity.get_content_maintype() == "multipart"


def parts(entity: Entity) -> Sequence[Entity]:
    """The entities in a multipart, not those within them. Raises MailRefused when it is not whole."""
    held = entity.get_payload()
    cut = any(type(one).__name__ in _CUT_SHORT for one in entity.defects)
    if cut or not isinstance(held, list):
        raise MailRefused(_NOT_WHOLE)
    return [one for one in held if isinstance(one, email.message.Message)]


_CUT_SHORT: Final = frozenset(
    {"StartBoundaryNotFoundDefect", "CloseBoundaryNotFoundDefect", "NoBoundaryInMultipartDefect"}
)


def content(entity: Entity) -> bytes:
    """The bytes of an entity without its transfer encoding. Raises MailRefused."""
    held = entity.get_payload()
    if not isinstance(held, str):
        raise MailRefused("a part holds other parts where a document is expected")
    encoding = str(entity.get("Content-Transfer-Encoding", "7bit")).strip().lower()
    if encoding == "base64":
        try:
            return base64.b64decode("".join(held.split()).encode("ascii"), validate=True)
        except (binascii.Error, UnicodeEncodeError):
            raise MailRefused("a part is not base64: the mail was cut short or changed on its way") from None
    if encoding not in ("7bit", "8bit", "binary", "quoted-printable"):
        raise MailRefused(f"a part has the transfer encoding {encoding[:30]!r}, which is not known")
    found = entity.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def text(entity: Entity, name: str, *, default: str | None = None) -> str:
    """The one header *name*, in printable ASCII. Raises MailRefused: missing, twice, or in another charset."""
    found = entity.get_all(name, [])
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


def address(entity: Entity, name: str) -> str:
    """The one address in the header *name*, without the name before it. Raises MailRefused."""
    found = [one for _, one in getaddresses([text(entity, name)])]
    if len(found) != 1:
        raise MailRefused(f"the header {name} has {len(found)} addresses, one is expected")
    try:
        check_address(found[0], "sender" if name == "From" else "recipient")
    except LetterRefused as error:
        raise MailRefused(f"the header {name}: {error}") from None
    return found[0]


def date(entity: Entity) -> datetime:
    """When the mail says it was sent; a time without zone is UTC. Raises MailRefused."""
    words = text(entity, "Date")
    try:
        found = parsedate_to_datetime(words)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found
    except (ValueError, OverflowError):
        raise MailRefused(f"the header Date is {words[:60]!r}: a date is expected") from None


def part(entity: Entity, number: int, description: str, unpacked: bytes) -> Part:
    """An entity as a part; one without a name is called by its number. Raises MailRefused."""
    try:
        name = entity.get_filename()  # falls back to the name in Content-Type
        return Part(
            str(name) if name else f"part{number}", _media_type_as_written(entity), description, unpacked
        )
    except LetterRefused as error:
        raise MailRefused(str(error)) from None
    except _BROKEN:
        raise MailRefused(f"the headers of part {number} cannot be read") from None


def header_of(message: bytes, name: str) -> str:
    """The header *name* of a mail that may be cut short or broken; empty when it has none that can be read."""
    try:
        head = email.parser.BytesHeaderParser(policy=email.policy.compat32).parsebytes(
            message[:_MOST_HEADER_BYTES]
        )
        found = head.get(name, "")
    except _BROKEN:
        return ""
    return " ".join(str(found).split()) if isinstance(found, str) else ""


def _media_type_as_written(entity: Entity) -> str:
    """With the capitals of the sender: ``Application/EDI-consent``."""
    return str(entity.get("Content-Type", "text/plain")).partition(";")[0].strip()
