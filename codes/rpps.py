"""The RPPS number of a health professional: eleven digits, the last the Luhn key of the first ten (ANS)."""

from dataclasses import dataclass

from bifente.codes.errors import CodeError
from bifente.codes.luhn import luhn_key, luhn_valid


@dataclass(frozen=True, slots=True)
class Rpps:
    """``number`` has eleven digits, else CodeError; a wrong key is found by :meth:`check_key`."""

    number: str

    def __post_init__(self) -> None:
        if len(self.number) != 11 or not (self.number.isascii() and self.number.isdigit()):
            raise CodeError("RPPS", "eleven digits expected")

    @classmethod
    def parse(cls, text: str) -> "Rpps":
        """The number, spaces between the digits allowed; CodeError."""
        return cls("".join(text.split()))

    @classmethod
    def with_key(cls, digits: str) -> "Rpps":
        """The number of ten digits completed by its key; CodeError."""
        return cls(digits + luhn_key(digits))

    def check_key(self) -> bool:
        """Whether the last digit is the key of the others."""
        return luhn_valid(self.number)

    def __str__(self) -> str:
        return self.number
