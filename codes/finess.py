"""The FINESS number of an establishment: department (2, with 2A and 2B), six characters, Luhn key.

The Luhn key holds for published numbers of establishments. For Corsica the letter counts as 1 (2A) or 2 (2B): no public
text that says so was found, but the published numbers of the hospitals of Ajaccio and Bastia agree with it, and B2 files
write 2001… and 2002… where digits are required.
"""

import re
from dataclasses import dataclass

from bifente.codes.errors import CodeError
from bifente.codes.luhn import luhn_key, luhn_valid

_SHAPE = re.compile(r"(?:[0-9]{2}|2[AB])[0-9]{7}")


@dataclass(frozen=True, slots=True)
class Finess:
    """``number`` has nine characters, else CodeError; a wrong key is found by :meth:`check_key`."""

    number: str

    def __post_init__(self) -> None:
        if _SHAPE.fullmatch(self.number) is None:
            raise CodeError("FINESS", "a department (2A and 2B too) and seven digits expected")

    @classmethod
    def parse(cls, text: str) -> "Finess":
        """The number, spaces and small letters allowed; CodeError."""
        return cls("".join(text.split()).upper())

    @classmethod
    def with_key(cls, number: str) -> "Finess":
        """The number of eight characters completed by its key; CodeError."""
        if len(number) != 8:
            raise CodeError("FINESS", "eight characters before the key expected")
        return cls(number + luhn_key(_digits(number)))

    @property
    def department(self) -> str:
        """The department, two characters, three overseas (97x, 98x)."""
        return self.number[: 3 if self.number[:2] in ("97", "98") else 2]

    def check_key(self) -> bool:
        """Whether the last digit is the key of the others."""
        return luhn_valid(_digits(self.number))

    def __str__(self) -> str:
        return self.number


def _digits(number: str) -> str:
    return number.replace("A", "1").replace("B", "2")
