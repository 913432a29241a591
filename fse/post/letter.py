"""A letter and its parts, as a surgery and a caisse mean them: no mail, no cipher yet."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bifente.documents.mime import MOST_PARTS
from bifente.fse.post.errors import LetterRefused

EDI_CONSENT: Final = "Application/EDI-consent"
"""The media type of everything that goes to or comes from a caisse (spec/fse.md §2.4)."""

B2: Final = "IRIS/B2/Z"
"""A B2 file, compressed with zlib (public)."""
B2_TEST: Final = "IRISTEST/B2/Z"
"""The same as a trial (public)."""
NOEMIE: Final = "IRIS/NOEMIE"
"""A NOEMIE file, compressed with gzip: that it is so is public, the words of its description are **synthetic**."""
LOT: Final = "BIFENTE/LOT"
"""A signed lot: **synthetic**, its real form is not public."""
ARL: Final = "BIFENTE/ARL"
"""A signed *accusé de réception logique*: **synthetic**, its real form is not public."""

LONGEST_PART: Final = 64 << 20
"""Bytes of one part, unpacked: a B2 file has at most 990 records of 128."""
LONGEST_LETTER: Final = 128 << 20
"""Bytes of all parts together, unpacked."""

_ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MEDIA_TYPE: Final = re.compile(r"[A-Za-z0-9.+-]{1,40}/[A-Za-z0-9.+-]{1,40}")
_PRINTABLE: Final = re.compile(r"[!-~]([ -~]*[!-~])?")


@dataclass(frozen=True, slots=True)
class Part:
    """A document in a letter. ``content`` is never compressed: how it travels follows from ``description``."""

    name: str
    content_type: str
    description: str
    content: bytes

    def __post_init__(self) -> None:
        _check(_NAME, self.name, "the name of a part", "letters, digits, '.', '_' and '-'", 64)
        _check(_MEDIA_TYPE, self.content_type, "the media type of a part", "as Application/EDI-consent", 80)
        _check(_PRINTABLE, self.description, "the description of a part", "printable ASCII, as IRIS/B2/Z", 60)


@dataclass(frozen=True, slots=True)
class Letter:
    """What one address sends to another. ``sent`` has a time zone.

    ``reference`` is the sender's own name for the letter, or empty: with it, a letter that is sealed again has the same
    Message-ID. Raises LetterRefused.
    """

    sender: str
    recipient: str
    subject: str
    parts: tuple[Part, ...]
    sent: datetime
    reference: str = ""

    def __post_init__(self) -> None:
        check_address(self.sender, "sender")
        check_address(self.recipient, "recipient")
        _check(_PRINTABLE, self.subject, "the subject", "printable ASCII", 200)
        if self.reference:
            _check(_PRINTABLE, self.reference, "the reference", "printable ASCII", 200)
        if self.sent.tzinfo is None:
            raise LetterRefused("the date of a letter needs its time zone")
        if not 1 <= len(self.parts) <= MOST_PARTS:
            raise LetterRefused(f"a letter has 1 to {MOST_PARTS} parts, not {len(self.parts)}")
        if max(len(one.content) for one in self.parts) > LONGEST_PART or (
            sum(len(one.content) for one in self.parts) > LONGEST_LETTER
        ):
            raise LetterRefused("a letter holds 64 MiB in a part and 128 MiB together", hint="send several")


def check_address(address: str, whose: str) -> None:
    """Refuse what is not a plain mail address. Raises LetterRefused."""
    _check(_ADDRESS, address, f"the address of the {whose}", "as 01349@349.01.rss.test", 254)


def _check(form: re.Pattern[str], text: str, what: str, expected: str, longest: int) -> None:
    if len(text) > longest:
        raise LetterRefused(f"{what} has {len(text)} characters, at most {longest} are taken")
    if not form.fullmatch(text):
        raise LetterRefused(f"{what} is {text!r}: {expected} is expected")
