"""Amounts are integers of euro cents; a half cent goes up, at every intermediate amount (FIDES VF, RG_VF640 to 643)."""

from decimal import Decimal, InvalidOperation

from bifente.fse.tariff.errors import TariffError

MAX_CENTS = 99_999_999
"""More than record 5 of B2 can hold is no amount."""


def half_up(numerator: int, denominator: int) -> int:
    """The integer nearest to a fraction of natural numbers, a half going up."""
    return (2 * numerator + denominator) // (2 * denominator)


def percent(amount: int, rate: int) -> int:
    """*rate* percent of *amount* cents, rounded."""
    return (2 * amount * rate + 100) // 200


def times(amount: int, factor: Decimal) -> int:
    """*amount* cents times an exact factor, rounded."""
    over, under = factor.as_integer_ratio()
    return half_up(amount * over, under)


def cents(text: str, what: str = "amount") -> int:
    """The cents of ``"26.50"``. Raises TariffError for more than two decimals, a sign, or anything else."""
    value = number(text, what)
    scaled = value * 100
    if value < 0 or scaled != scaled.to_integral_value() or scaled > MAX_CENTS:
        raise TariffError(f"{what} {text[:30]!r}: euros with up to two decimals, not negative, were expected")
    return int(scaled)


def number(text: str, what: str) -> Decimal:
    """A decimal number in digits. Raises TariffError."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or len(text) > 30 or abs(value) > MAX_CENTS:
        raise TariffError(f"{what} {text[:30]!r} is not a number")
    return value


def euros(amount: int) -> str:
    """``26.50``: the form of amounts in texts and cases."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d}"
