"""Rows of the dated tables: what each says, when it holds, and where the fact comes from.

Confidence: ``S`` seen in the source named, ``2`` secondary (press, vendors), ``D`` derived, ``G`` general knowledge,
``?`` doubtful, ``synthetic`` ours.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final, TypeVar

from bifente.fse.tariff.errors import TariffError
from bifente.fse.tariff.money import number

CONFIDENCES: Final = ("S", "2", "D", "G", "?", "synthetic")
EVERY_DAY: Final = ("from", "to", "source", "confidence", "note")
"""The columns that each table has, at its end."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row stands, on which days it holds (None: open), and where the fact comes from."""

    table: str
    line: int
    first: date | None
    last: date | None
    source: str
    confidence: str
    note: str = ""

    def holds(self, day: date) -> bool:
        """Whether the row is in force on *day*; both ends are included."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def __str__(self) -> str:
        period = f"from {self.first or '…'} to {self.last or '…'}"
        return f"{self.table}:{self.line} ({period}; {self.source}; confidence {self.confidence})"

    @property
    def doubtful(self) -> bool:
        """Whether nothing that was seen says so."""
        return self.confidence in ("?", "synthetic")


@dataclass(frozen=True, slots=True)
class PlainRow:
    """Any row: its columns as text, by name, and its origin."""

    values: Mapping[str, str]
    origin: Origin

    def __getitem__(self, column: str) -> str:
        return self.values[column]


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A *lettre clé* or forfait of the NGAP. Amounts in cents; ``zone`` is empty for the métropole.

    ``night`` and ``holiday`` are the forfaits of the majorations, ``complements`` the letters allowed (F férié, N nuit, U
    urgence), ``specialities`` who may bill it: empty for whoever has no row of their own.
    """

    code: str
    unit: int
    night: int
    holiday: int
    least: Decimal | None
    most: Decimal | None
    complements: str
    agreement: bool
    specialities: frozenset[int]
    label: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """The price of a letter in a zone outside the métropole."""

    code: str
    zone: str
    unit: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class CcamRow:
    """The price of an act, activity and phase of the CCAM under some *grilles tarifaires* (``grids``, none: all others).

    ``exempting`` is field 25 of the base (1 and 2: by the threshold, invasive or not; 3: by nature; 5: never; 7:
    prevention), ``category`` field 12 (AD, ID, PD: dental), ``grouping`` the *code prestation* of record 4,
    ``with_consultation`` the percent that is paid beside a consultation, None when the tables do not say.
    """

    code: str
    activity: str
    phase: str
    grids: frozenset[str]
    unit: int
    grouping: str
    exempting: str
    category: str
    with_consultation: int | None
    label: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class ModifierRow:
    """A modifier of the CCAM: a coefficient that multiplies the price, or a flat amount in cents, or neither known."""

    code: str
    grid: str
    coefficient: Decimal | None
    flat: int | None
    label: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class RateRow:
    """A rate of reimbursement in percent, of certain codes or of all acts of certain specialities."""

    group: str
    codes: frozenset[str]
    specialities: frozenset[int]
    rate: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class RuleParameter:
    """A number or a switch of the rules."""

    name: str
    value: str
    kind: str
    origin: Origin


@lru_cache(maxsize=512)
def specialities(text: str) -> frozenset[int]:
    """The numbers of ``1-16 18 20``. Raises ValueError."""
    found: set[int] = set()
    for part in text.split():
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


@lru_cache(maxsize=512)
def _grids(text: str) -> frozenset[str]:
    return frozenset(text.split())


@lru_cache(maxsize=4096)
def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _optional(text: str) -> Decimal | None:
    return number(text, "coefficient") if text else None


def _amount(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError("negative amount")
    return value


_Made = TypeVar("_Made")


def read_rows(text: str, table: str, make: Callable[[Mapping[str, str], Origin], _Made]) -> list[_Made]:
    """What *make* makes of each row of a CSV text; TariffError names table, line and what is wrong."""
    return list(_rows(text, table, make))


def _rows(text: str, table: str, make: Callable[[Mapping[str, str], Origin], _Made]) -> Iterator[_Made]:
    reader = csv.reader(text.splitlines(), strict=True)
    try:
        head = next(reader, [])
        if tuple(head[-len(EVERY_DAY) :]) != EVERY_DAY:
            raise TariffError(f"{table}:1: the last columns must be {', '.join(EVERY_DAY)}")
        for cells in reader:
            if len(cells) != len(head):
                raise TariffError(f"{table}:{reader.line_num}: {len(cells)} columns instead of {len(head)}")
            values = dict(zip(head, cells, strict=True))
            try:
                yield make(values, _origin(values, table, reader.line_num))
            except (ValueError, KeyError) as error:
                raise TariffError(f"{table}:{reader.line_num}: {error}") from error
    except csv.Error as error:
        raise TariffError(f"{table}:{reader.line_num}: {error}") from error


def _origin(values: Mapping[str, str], table: str, line: int) -> Origin:
    if values["confidence"] not in CONFIDENCES:
        raise ValueError(f"confidence {values['confidence']!r}: one of {', '.join(CONFIDENCES)} was expected")
    if not values["source"]:
        raise ValueError("each row names its source")
    first, last = _day(values["from"]), _day(values["to"])
    if first is not None and last is not None and last < first:
        raise ValueError(f"ends on {last}, before it begins")
    return Origin(table, line, first, last, values["source"], values["confidence"], values["note"])


def letter(values: Mapping[str, str], origin: Origin) -> LetterRow:
    """A row of ``ngap.csv``."""
    return LetterRow(
        code=values["code"],
        unit=_amount(values["unit"]),
        night=_amount(values["night"]),
        holiday=_amount(values["holiday"]),
        least=_optional(values["least"]),
        most=_optional(values["most"]),
        complements=values["complements"],
        agreement=values["agreement"] == "yes",
        specialities=specialities(values["specialities"]),
        label=values["label"],
        origin=origin,
    )


def zone(values: Mapping[str, str], origin: Origin) -> ZoneRow:
    """A row of ``dom.csv``."""
    return ZoneRow(values["code"], values["zone"], _amount(values["unit"]), origin)


def ccam(values: Mapping[str, str], origin: Origin) -> CcamRow:
    """A row of ``ccam.csv``, shipped or imported."""
    return CcamRow(
        code=values["code"],
        activity=values["activity"],
        phase=values["phase"],
        grids=_grids(values["grid"]),
        unit=_amount(values["unit"]),
        grouping=values["grouping"],
        exempting=values["exempting"],
        category=values["category"],
        with_consultation=int(values["with_consultation"]) if values["with_consultation"] else None,
        label=values["label"],
        origin=origin,
    )


def modifier(values: Mapping[str, str], origin: Origin) -> ModifierRow:
    """A row of ``modifiers.csv``, shipped or imported."""
    return ModifierRow(
        code=values["code"],
        grid=values["grid"],
        coefficient=_optional(values["coefficient"]),
        flat=_amount(values["flat"]) if values["flat"] else None,
        label=values["label"],
        origin=origin,
    )


def rate(values: Mapping[str, str], origin: Origin) -> RateRow:
    """A row of ``rates.csv``."""
    value = int(values["rate"])
    if not 0 <= value <= 100:
        raise ValueError(f"rate {value}: 0 to 100 percent")
    return RateRow(
        values["group"],
        frozenset(values["codes"].split()),
        specialities(values["specialities"]),
        value,
        origin,
    )


def parameter(values: Mapping[str, str], origin: Origin) -> RuleParameter:
    """A row of ``parameters.csv``."""
    return RuleParameter(values["name"], values["value"], values["kind"], origin)


def plain(values: Mapping[str, str], origin: Origin) -> PlainRow:
    """A row of a table that is looked up only."""
    return PlainRow(values, origin)
