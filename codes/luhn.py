"""The Luhn key (ISO/IEC 7812-1:2017 annex B), modulus 10."""

from bifente.codes.errors import CodeError


def luhn_key(digits: str) -> str:
    """The digit that makes *digits* followed by it Luhn-valid; CodeError when they are not decimal digits."""
    if not (digits.isascii() and digits.isdigit()):
        raise CodeError("Luhn", "decimal digits expected")
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 - index % 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def luhn_valid(digits: str) -> bool:
    """Whether the last of *digits* is the key of those before it. False for anything but two or more digits."""
    if len(digits) < 2 or not (digits.isascii() and digits.isdigit()):
        return False
    return luhn_key(digits[:-1]) == digits[-1]
