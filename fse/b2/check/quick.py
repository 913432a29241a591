"""The quick look at a record: whether its fields are certainly right, by a few operations over all of them at once.

Nearly all records of nearly all files are; only those that are not are gone through field by field.
"""

from collections.abc import Callable, Iterable
from typing import Final

from bifente.codes.errors import CodeError
from bifente.codes.luhn import luhn_valid
from bifente.codes.nir import Nir
from bifente.fse.b2.codelists import OPEN_LISTS
from bifente.fse.b2.fields import B2Field, Use, day_of
from bifente.fse.b2.record import B2Record

MOST_REMEMBERED: Final = 1 << 16


class Remembered:
    """Texts that were found right once: days, numbers with their keys. Forgotten when there are too many."""

    def __init__(self, right: Callable[[str], bool]) -> None:
        self._right = right
        self._known: set[str] = set()

    def __contains__(self, text: str) -> bool:
        if text in self._known:
            return True
        if not self._right(text):
            return False
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known.add(text)
        return True


def _is_nir(text: str) -> bool:
    """Thirteen characters and a right key."""
    try:
        return Nir(text[:13], text[13:]).check_key()
    except CodeError:
        return False


class KnownRight:
    """What the records of one file share: the days and numbers that were found right."""

    def __init__(self) -> None:
        self.days = Remembered(lambda text: day_of(text) is not None)
        self.numbers = Remembered(lambda text: text.strip("0") != "" and luhn_valid(text))
        self.nirs = Remembered(_is_nir)


class QuickLook:
    """What is looked at in a record of one kind."""

    def __init__(self, record: B2Record, known: KnownRight) -> None:
        self._known = known
        held = [one for one in record.fields if one.fixed is None and one.use is not Use.BLANK]
        self._digits = _slices(one for one in held if one.holds_digits)
        self._blanks = _slices(one for one in record.fields if one.fixed is None and one.use is Use.BLANK)
        self._fixed = [(_slice(one), one.filling) for one in record.fields if one.fixed is not None]
        self._codes = [(_slice(one), _allowed(one)) for one in held if one.codes]
        self._texts = [
            (one.first - 1, _slice(one), one.presence == "O" and not one.may_be_blank)
            for one in held
            if not one.holds_digits and not one.codes and one.use is not Use.RESERVED
        ]
        self._days = [(_slice(one), _may_be_zero(one)) for one in held if one.use is Use.DAY]
        self._births = _slices(one for one in held if one.use is Use.BIRTH)
        keyed = (Use.PROFESSIONAL, Use.RPPS, Use.SIRET)
        self._numbers = [(_slice(one), _may_be_zero(one)) for one in held if one.use in keyed]
        self._nirs = [
            (_slice(record[number]), _slice(record[key]), record[number].presence != "O")
            for number, key in (("nir", "cle_nir"), ("nir_individuel", "cle_individuel"))
            if number in record
        ]
        self._hours = _slices(one for one in held if one.use in (Use.HOUR, Use.MINUTE))

    def is_right(self, text: str) -> bool:
        """True only for characters in which no field is wrong; False says nothing."""
        if not (text.isascii() and text.isprintable()) or text != text.upper():
            return False
        if not "".join([text[one] for one in self._digits]).isdecimal():
            return False
        if any(text[one] != filling for one, filling in self._fixed):
            return False
        if "".join([text[one] for one in self._blanks]).strip(" "):
            return False
        if any(text[one] not in allowed for one, allowed in self._codes):
            return False
        for first, whole, mandatory in self._texts:
            if text[first] == " " and (mandatory or text[whole].strip(" ")):
                return False
        return self._numbers_are_right(text)

    def _numbers_are_right(self, text: str) -> bool:
        known = self._known
        for one, may_be_zero in self._days:
            day = text[one]
            if day not in known.days and not (may_be_zero and day == "000000"):
                return False
        for one, may_be_zero in self._numbers:
            number = text[one]
            if number not in known.numbers and (not may_be_zero or number.strip(" 0")):
                return False
        for number_at, key_at, optional in self._nirs:
            nir = text[number_at] + text[key_at]
            if nir not in known.nirs and not (optional and not nir.strip(" 0")):
                return False
        return all(text[one].isdecimal() for one in self._births) and all(
            int(text[one][:2]) <= 24 and int(text[one][2:] or 0) < 60 for one in self._hours
        )


def _slice(field: B2Field) -> slice:
    return slice(field.first - 1, field.last)


def _slices(fields: Iterable[B2Field]) -> list[slice]:
    return [_slice(one) for one in fields]


def _may_be_zero(field: B2Field) -> bool:
    return field.presence != "O" or field.may_be_blank


def _allowed(field: B2Field) -> frozenset[str]:
    """The texts, as wide as the field, that its list of codes allows."""
    codes = {code.ljust(field.width) for code in field.labels if code or not field.numeric}
    if field.presence != "O":
        codes |= {" " * field.width, "0" * field.width}
    if field.codes in OPEN_LISTS:
        codes.add(" " * field.width)
    return frozenset(codes)
