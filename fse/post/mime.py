"""The mails of strangers as letters: what is in their headers and parts, each refusal one clear line about the post."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import getaddresses, parsedate_to_datetime

from bifente.documents import mime
from bifente.documents.mime import (
    BROKEN_HEADERS,
    LONGEST_MAIL,
    MimeEntity,
    MimeError,
    MimeTooLong,
    header_of,
    is_multipart,
    media_type,
)
from bifente.fse.post.errors import LetterRefused, MailRefused, MailTooLarge
from bifente.fse.post.letter import Part, check_address

__all__ = [
    "LONGEST_MAIL",
    "MimeEntity",
    "address",
    "content",
    "date",
    "header_of",
    "is_multipart",
    "media_type",
    "parse",
    "part",
    "parts",
    "text",
]


def parse(message: bytes) -> MimeEntity:
    """The mail or entity in *message*. Raises MailRefused, MailTooLarge."""
    with _refusing():
        return mime.parse(message)


def parts(entity: MimeEntity) -> list[MimeEntity]:
    """The entities in a multipart (RFC 2046 §5.1), not those within them. Raises MailRefused when it is not whole."""
    with _refusing():
        return mime.parts(entity)


def content(entity: MimeEntity) -> bytes:
    """The bytes of an entity without its transfer encoding. Raises MailRefused."""
    with _refusing():
        return mime.content(entity)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except MimeTooLong as error:
        raise MailTooLarge(str(error)) from None
    except MimeError as error:
        raise MailRefused(str(error)) from None


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
    except BROKEN_HEADERS:
        raise MailRefused(f"the headers of part {number} cannot be read") from None
