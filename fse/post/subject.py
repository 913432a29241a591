"""The subject of a mail with a B2 file: ``IR100500/00000991000019/20261128031500/00012`` (spec/fse.md §2.4)."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bifente.fse.post.errors import LetterRefused

VERSION: Final = "100500"
"""The version of the transport that public programs write (ETS-DT-001 v1.1)."""

RECORD: Final = 128
"""Characters of a record (norme B2)."""

_FORM: Final = re.compile(r"IR([0-9]{6})/([0-9A-Z ]{14})/([0-9]{14})/([0-9]{5})")
_MOMENT: Final = "%Y%m%d%H%M%S"


@dataclass(frozen=True, slots=True)
class B2Subject:
    """Who sends how many invoices, and when by the sender's clock (without time zone, to the second).

    Raises LetterRefused: the émetteur has at most 14 digits or capital letters, and there are at most 99 999 invoices.
    """

    emitter: str
    when: datetime
    invoices: int
    version: str = VERSION

    def __post_init__(self) -> None:
        if not re.fullmatch("[0-9A-Z]{1,14}", self.emitter):
            raise LetterRefused(f"the émetteur is {self.emitter!r}: up to 14 digits are expected")
        if not 0 <= self.invoices <= 99_999:
            raise LetterRefused(
                f"{self.invoices} invoices: a mail says at most 99999", hint="send several files"
            )
        if not re.fullmatch("[0-9]{6}", self.version):
            raise LetterRefused(f"the version is {self.version!r}: six digits are expected")

    def __str__(self) -> str:
        return f"IR{self.version}/{self.emitter:0>14}/{self.when:{_MOMENT}}/{self.invoices:05}"

    @classmethod
    def of_file(cls, emitter: str, when: datetime, b2: bytes) -> "B2Subject":
        """The subject for a B2 file. Raises LetterRefused."""
        return cls(emitter, when, count_invoices(b2))

    @classmethod
    def parse(cls, text: str) -> "B2Subject":
        """Read a subject; the émetteur keeps its zeros. Raises LetterRefused."""
        found = _FORM.fullmatch(text.strip())
        try:
            if found is not None:
                when = datetime.strptime(found[3], _MOMENT)
                return cls(found[2].strip(), when, int(found[4]), found[1])
        except ValueError:
            pass
        raise LetterRefused(
            f"the subject is {text!r}: IR, version, émetteur, moment and invoices are expected"
        )


def count_invoices(b2: bytes) -> int:
    """The invoices of a B2 file: its records that begin with 5 (spec/corrections.md 16); with line ends or without."""
    records = b2.translate(None, b"\r\n")
    return records[::RECORD].count(b"5")
