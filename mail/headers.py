"""Header protection (RFC 9788): the headers of a mail are signed and enciphered with it, and those outside are held against them.

The headers stand again in the payload, whose Content-Type says ``hp="clear"`` (signed) or ``hp="cipher"`` (enciphered). Of an
enciphered mail the subject outside is ``[...]``, Comments and Keywords are inside only, and ``HP-Outer`` says inside what
stands outside: the policy hcp_baseline of RFC 9788 §3.2.1.
"""

import email.header
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from bifente.documents.mime import BROKEN_HEADERS, MimeEntity
from bifente.mail.errors import MessageRefused

OBSCURED: Final = "[...]"
"""What stands outside in the place of a subject that is enciphered."""

LINE: Final = b"\r\n"

_TRACE: Final = (
    "received",
    "return-path",
    "delivered-to",
    "envelope-to",
    "x-original-to",
    "authentication-results",
)
"""What servers put before a mail: no writer's, and not covered."""

_ONCE: Final = ("from", "to", "cc", "subject", "date", "message-id", "reply-to", "sender", "in-reply-to")
"""Headers that a mail has once at most (RFC 5322 §3.6), and that are held against the protected ones."""

_INSIDE_ONLY: Final = ("comments", "keywords")
_SHOWN: Final = {
    name.casefold(): name for name in ("From", "To", "Cc", "Subject", "Date", "Message-ID", "Reply-To")
}


@dataclass(frozen=True, slots=True)
class HeaderField:
    """One header as it stands in a mail, perhaps folded; ``name`` as it is written there."""

    name: str
    value: str

    @property
    def key(self) -> str:
        """The name in small letters."""
        return self.name.casefold()

    @property
    def line(self) -> bytes:
        """The header with its line ends, CR LF. Raises MessageRefused for other letters than ASCII."""
        folded = "\r\n".join(self.value.splitlines())
        try:
            return f"{self.name}:{folded}".encode("ascii") + LINE
        except UnicodeEncodeError:
            raise MessageRefused(
                f"the header {self.name} is not of ASCII", hint="have your mail program encode it (RFC 2047)"
            ) from None

    @property
    def text(self) -> str:
        """The value as a person reads it: unfolded, encoded words decoded."""
        return decoded(self.value)


def fields_of(entity: MimeEntity) -> list[HeaderField]:
    """All headers of a mail or part, in their order."""
    return [
        HeaderField(name, value if value.startswith((" ", "\t")) else f" {value}")
        for name, value in entity.headers.raw_items()
    ]


def content_fields(entity: MimeEntity) -> list[HeaderField]:
    """The headers that say how the content is written."""
    return [one for one in fields_of(entity) if one.key.startswith("content-")]


def writers_fields(entity: MimeEntity) -> list[HeaderField]:
    """The headers of a mail that its writer vouches for: neither those of the content nor what servers added.

    Raises MessageRefused for one that stands twice, and for Bcc: whoever reads the mail would see it.
    """
    found = [
        one
        for one in fields_of(entity)
        if not one.key.startswith(("content-", "hp-outer")) and one.key not in ("mime-version", *_TRACE)
    ]
    _once(entity)
    if any(one.key == "bcc" for one in found):
        raise MessageRefused(
            "a hidden recipient (Bcc) would be seen", hint="send a mail of its own to whoever is to be hidden"
        )
    return found


def one_text(entity: MimeEntity, name: str) -> str:
    """The header *name* as a person reads it, empty when there is none. Raises MessageRefused when it stands twice."""
    found = [one for one in fields_of(entity) if one.key == name.casefold()]
    if len(found) > 1:
        raise MessageRefused(f"the header {name} stands twice")
    return found[0].text if found else ""


def decoded(value: str) -> str:
    """The value of a header as a person reads it."""
    words = " ".join(value.split())
    try:
        return " ".join(str(email.header.make_header(email.header.decode_header(words))).split())
    except (*BROKEN_HEADERS, email.errors.HeaderParseError):
        return words


def payload(entity: MimeEntity, body: bytes, *, enciphered: bool) -> bytes:
    """The content of a mail as it is signed or enciphered: *body*, with the headers of the mail in it."""
    hp = "cipher" if enciphered else "clear"
    content = [one for one in content_fields(entity) if one.key != "content-type"]
    media = next((one for one in fields_of(entity) if one.key == "content-type"), None)
    kind = HeaderField(
        "Content-Type", (media.value.rstrip() if media else " text/plain") + f';\r\n hp="{hp}"'
    )
    writers = writers_fields(entity)
    outer = (
        [HeaderField("HP-Outer", f" {one.name}:{one.value}") for one in outside(writers)]
        if enciphered
        else []
    )
    return b"".join(one.line for one in (kind, *content, *writers, *outer)) + LINE + body


def outside(fields: Iterable[HeaderField]) -> Iterator[HeaderField]:
    """What of the writer's headers stands outside of an enciphered mail."""
    for one in fields:
        if one.key == "subject":
            yield HeaderField(one.name, f" {OBSCURED}")
        elif one.key not in _INSIDE_ONLY:
            yield one


def is_protected(inner: MimeEntity) -> bool:
    """Whether the headers of the mail stand in its payload."""
    return bool(inner.headers.get_param("hp"))


def check_outside(outer: MimeEntity, inner: MimeEntity, *, was_enciphered: bool) -> None:
    """Hold the headers of a mail against the protected ones. Raises MessageRefused: the payload is that of another mail."""
    wanted, found = _once(inner), _once(outer)
    for name in _ONCE:
        said, written = found.get(name, ""), wanted.get(name, "")
        if said == written or (name == "subject" and was_enciphered and said == OBSCURED):
            continue
        shown = _SHOWN.get(name, name.title())
        raise MessageRefused(
            f"the content was written for another mail: its {shown} is {written or 'none'!r}, not {said or 'none'!r}",
            hint="somebody has put it under other headers: ask the sender",
        )


def _once(entity: MimeEntity) -> dict[str, str]:
    """The headers that a mail has once, as a person reads them. Raises MessageRefused for one that stands twice.

    Of two, programs show either: the other could be what was signed.
    """
    found: dict[str, str] = {}
    for one in fields_of(entity):
        if one.key in found:
            raise MessageRefused(f"the header {_SHOWN.get(one.key, one.name)} stands twice")
        if one.key in _ONCE:
            found[one.key] = one.text
    return found


def restored(outer: MimeEntity, inner: MimeEntity) -> list[HeaderField]:
    """The writer's headers of a mail that was opened: those outside, and the subject that was enciphered."""
    fields = writers_fields(outer)
    subject = next((one for one in fields_of(inner) if one.key == "subject"), None)
    if subject is None or not is_protected(inner):
        return fields
    return [subject if one.key == "subject" and one.text == OBSCURED else one for one in fields]
