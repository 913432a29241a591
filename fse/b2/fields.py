"""One field of a record: where it stands, what it may hold, and how a value becomes characters and back.

Norme B2 (``spec/fse.md`` §1.1): numeric fields are right-aligned and filled with zeros, alphanumeric ones left-aligned and
filled with spaces; amounts are euro cents without sign; dates are ``AAMMJJ``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Final

from bifente.fse.b2.codelists import CODE_LISTS
from bifente.fse.b2.errors import B2ValueError
from bifente.fse.b2.letters import capitals, named, unwritable

B2Value = str | int | Decimal
"""What a field holds: cents, counts and rates are ``int``, coefficients ``Decimal``, all else is text as it stands."""

B2Given = str | int | Decimal | date | None
"""What a field is given: a day may be a ``date``; None is nothing: zeros or spaces, but of a mandatory field."""


class Use(Enum):
    """What the characters of a field mean."""

    TEXT = "text"
    CODE = "code"
    CENTS = "cents"
    COUNT = "count"
    RATE = "rate"
    COEFFICIENT = "coef"
    """Two decimals: 000150 is 1.50."""
    FRACTION = "fraction"
    """Four decimals: 10000 is 1."""
    DAY = "day"
    BIRTH = "birth"
    """A date of birth, which need not be in the calendar."""
    HOUR = "hour"
    MINUTE = "hhmm"
    NIR = "nir"
    NIR_KEY = "key"
    PROFESSIONAL = "ps"
    """A number for the insurance of nine characters with its key (*numéro AM*, ADELI, FINESS)."""
    RPPS = "rpps"
    SIRET = "siret"
    INVOICE = "invoice"
    SEQUENCE = "sequence"
    BLANK = "blank"
    RESERVED = "reserved"
    FIXED = "fixed"


AS_INTEGER: Final = frozenset({Use.CENTS, Use.COUNT, Use.RATE})
DECIMALS: Final = frozenset({Use.COEFFICIENT, Use.FRACTION})


@dataclass(frozen=True, slots=True)
class B2Field:
    """Columns ``first`` to ``last`` of a record, both counted from 1 and included.

    ``presence`` is that of the norm: O mandatory, F optional, I as its source prints it. ``name`` is what values are
    called by, ``label`` what the norm says; ``codes`` names a list of :mod:`codelists`; ``fixed`` is what always stands
    there. ``may_be_blank``: mandatory, but spaces or zeros are a value (*no* qualificatif, *no* prescripteur). ``source``
    is the clause of ``spec/`` that the field comes from.
    """

    record: str
    first: int
    last: int
    numeric: bool
    presence: str
    use: Use
    name: str
    label: str
    codes: str = ""
    fixed: str | None = None
    may_be_blank: bool = False
    source: str = "§1.2"

    @property
    def width(self) -> int:
        """Characters."""
        return self.last - self.first + 1

    @property
    def columns(self) -> str:
        """``36`` or ``43–55``."""
        return str(self.first) if self.first == self.last else f"{self.first}–{self.last}"

    @property
    def places(self) -> int:
        """Decimals of a coefficient, 0 of everything else."""
        return 2 if self.use is Use.COEFFICIENT else 4 if self.use is Use.FRACTION else 0

    @property
    def holds_digits(self) -> bool:
        """Whether it is written as a number: reserved columns are not ours to fill with zeros."""
        return self.numeric and self.use is not Use.RESERVED

    @property
    def required(self) -> bool:
        """Whether a record cannot be built without a value for it."""
        optional = self.may_be_blank or "" in self.labels or self.default is not None
        return self.presence == "O" and not optional

    @property
    def default(self) -> str | None:
        """What stands there when nothing is given although the field is mandatory; None when a value is needed."""
        if self.fixed is not None:
            return self.fixed.ljust(self.width)
        if self.use in (Use.BLANK, Use.RESERVED):
            return " " * self.width
        return None

    @property
    def filling(self) -> str:
        """The field with nothing in it."""
        return self.default or ("0" if self.numeric else " ") * self.width

    @property
    def labels(self) -> dict[str, str]:
        """Code → what it means; empty without a list."""
        return CODE_LISTS.get(self.codes, {})

    def put(self, value: B2Given) -> str:
        """*value* in the characters of the field. Raises B2ValueError."""
        return putter(self)(value)

    def get(self, text: str) -> B2Value:
        """The value of the characters *text* as wide as the field; what is not a number where one should be stays text."""
        if text.isdecimal():
            use = self.use
            if use is Use.CENTS or use is Use.COUNT or use is Use.RATE:
                return int(text)
            if use is Use.COEFFICIENT or use is Use.FRACTION:
                return scaled(text, self.places)
        return text.rstrip()

    def nothing(self) -> str:
        """What is written when no value is given. Raises B2ValueError for a mandatory field."""
        if self.required:
            raise self.refuse("mandatory, and no value is given")
        return self.filling

    def refuse(self, reason: str) -> B2ValueError:
        """The error that *reason* makes."""
        return B2ValueError(self.record, self.name, self.columns, reason)


@lru_cache(maxsize=1024)
def scaled(digits: str, places: int) -> Decimal:
    """The number that *digits* are, the last *places* of them decimals."""
    return Decimal(int(digits)).scaleb(-places)


def putter(field: B2Field) -> Callable[[B2Given], str]:
    """What writes the field: one function for its kind, made once."""
    if field.fixed is not None:
        return _fixed(field)
    if field.use in DECIMALS:
        return _scaled(field)
    return _digits(field) if field.holds_digits else _text(field)


def _fixed(field: B2Field) -> Callable[[B2Given], str]:
    wanted = field.filling

    def put(value: B2Given) -> str:
        if value is not None and str(value).strip() != wanted.strip():
            raise field.refuse(f"{value!r} given, but {wanted.strip()!r} always stands here")
        return wanted

    return put


def _digits(field: B2Field) -> Callable[[B2Given], str]:
    width, is_day = field.width, field.use in (Use.DAY, Use.BIRTH)

    def put(value: B2Given) -> str:
        if value.__class__ is str:
            if len(value) == width and value.isdecimal() and value.isascii():
                return value
        elif value.__class__ is int:
            text = str(value).zfill(width)
            if len(text) == width and text[0] != "-":
                return text
        elif value.__class__ is date and is_day:
            return six_digits(value)
        return otherwise(value)

    def otherwise(value: B2Given) -> str:
        if value is None or value == "":
            return field.nothing()
        text = value if isinstance(value, str) else _number(field, value)
        if len(text) > width:
            raise field.refuse(f"{text!r} is longer than {width} digits")
        if text.isdecimal() and text.isascii():
            return text.rjust(width, "0")
        if not text.strip(" ") and not field.required:
            return " " * width
        raise field.refuse(f"{text!r} is not made of digits")

    return put


def _number(field: B2Field, value: int | Decimal | date) -> str:
    if isinstance(value, bool | Decimal):
        raise field.refuse(f"{value!r} is not a whole number")
    if isinstance(value, date):
        return _day(field, value)
    if value < 0:
        raise field.refuse(f"{value} is negative: amounts and counts have no sign")
    return str(value)


def _day(field: B2Field, value: date) -> str:
    if field.use not in (Use.DAY, Use.BIRTH):
        raise field.refuse(f"{value} is a day, which does not belong here")
    return six_digits(value)


@lru_cache(maxsize=4096)
def six_digits(day: date) -> str:
    """``AAMMJJ``."""
    return f"{day.year % 100:02d}{day.month:02d}{day.day:02d}"


def _scaled(field: B2Field) -> Callable[[B2Given], str]:
    width, places = field.width, field.places

    @lru_cache(maxsize=256)
    def written(value: Decimal) -> str:
        shifted = value.scaleb(places)
        if not value.is_finite() or shifted < 0 or shifted != shifted.to_integral_value():
            raise field.refuse(f"{value} is negative or has more than {places} decimals")
        text = f"{int(shifted):0{width}d}"
        if len(text) > width:
            raise field.refuse(f"{value} does not fit into {width} digits, {places} of them decimals")
        return text

    def put(value: B2Given) -> str:
        if value is None or value == "":
            return field.nothing()
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise field.refuse(f"{value!r} is not a coefficient (a Decimal or a whole number)")
        return written(Decimal(value))

    return put


def _text(field: B2Field) -> Callable[[B2Given], str]:
    width, free = field.width, field.use in (Use.BLANK, Use.RESERVED)

    def put(value: B2Given) -> str:
        if value.__class__ is str:
            text = value.upper()
            if len(text) <= width and text.isascii() and text.isprintable() and text[:1] > " ":
                return text.ljust(width)
        return otherwise(value)

    def otherwise(value: B2Given) -> str:
        if value is None or value == "":
            return field.nothing()
        if not isinstance(value, str):
            value = _day(field, value) if isinstance(value, date) else str(value)
        text = capitals(value)
        if (wrong := unwritable(text)) is not None:
            raise field.refuse(f"the character {named(wrong)} cannot be written in B2")
        if len(text) > width:
            raise field.refuse(f"{text!r} is longer than {width} characters")
        if text[:1] == " " and not free and text.strip():
            raise field.refuse(f"{text!r} begins with a space, but the field is left-aligned")
        return text.ljust(width)

    return put


@lru_cache(maxsize=4096)
def day_of(text: str) -> date | None:
    """The day that ``AAMMJJ`` says, of the years 1970 to 2069; None when it is in no calendar, or zeros or spaces.

    Not for dates of birth: two digits do not say the century of those.
    """
    if len(text) != 6 or not (text.isascii() and text.isdecimal()):
        return None
    year = int(text[:2])
    try:
        return date(year + (1900 if year >= 70 else 2000), int(text[2:4]), int(text[4:6]))
    except ValueError:
        return None
