"""The ADELI number of a health professional, and the number for the insurance (numéro AM), which is built alike.

Nine characters: department (2), profession (1), order (5), Luhn key (1). Published test numbers hold letters, so letters
are not errors; the key of such a number cannot be computed here.
"""

from dataclasses import dataclass

from bifente.codes.errors import CodeError
from bifente.codes.luhn import luhn_key, luhn_valid


@dataclass(frozen=True, slots=True)
class Adeli:
    """``number`` has nine characters, digits or capital letters, else CodeError."""

    number: str

    def __post_init__(self) -> None:
        text = self.number
        if len(text) != 9 or not (text.isascii() and text.isalnum() and text == text.upper()):
            raise CodeError("ADELI", "nine digits or capital letters expected")

    @classmethod
    def parse(cls, text: str) -> "Adeli":
        """The number, spaces and small letters allowed; CodeError."""
        return cls("".join(text.split()).upper())

    @classmethod
    def with_key(cls, digits: str) -> "Adeli":
        """The number of eight digits completed by its key; CodeError."""
        return cls(digits + luhn_key(digits))

    @property
    def department(self) -> str:
        """The department of registration, two characters."""
        return self.number[:2]

    @property
    def profession(self) -> str:
        """The digit of the profession."""
        return self.number[2]

    def check_key(self) -> bool | None:
        """Whether the last digit is the key of the others; None with letters, where no key is known."""
        return luhn_valid(self.number) if self.number.isdigit() else None

    def __str__(self) -> str:
        return self.number
