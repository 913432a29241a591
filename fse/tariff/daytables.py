"""The tables of one day: each question is one look into a dictionary."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from bifente.fse.tariff.errors import TariffError, UnknownAct
from bifente.fse.tariff.money import number
from bifente.fse.tariff.rows import (
    CcamRow,
    LetterRow,
    ModifierRow,
    Origin,
    PlainRow,
    RateRow,
    RuleParameter,
    ZoneRow,
)

CAPPED: Final = "capped"
READINGS: Final = (CAPPED, "uncapped")
"""How the majoration of the ticket modérateur outside the parcours is read (corrections 20)."""

AUXILIARIES: Final = frozenset({24, 26, 27, 28, 29, 86})
"""Specialities of auxiliaires médicaux: nurse, masseur-kinésithérapeute, pédicure-podologue, orthophoniste, orthoptiste."""
LABORATORIES: Final = frozenset({30, 39, 40})
DENTISTS: Final = frozenset({19, 36, 53, 54})
MIDWIVES: Final = frozenset({21})
PHARMACISTS: Final = frozenset({50, 51})
OUTSIDE_PATHWAY_RULES: Final = AUXILIARIES | LABORATORIES | DENTISTS | MIDWIVES | PHARMACISTS
"""Whose acts are not concerned by the parcours de soins (fse.md §5.1, 5)."""


class DayTables:
    """What holds on the days between two changes of the tables. Amounts in cents, rates in percent."""

    __slots__ = (
        "_acts",
        "_associations",
        "_by_nature",
        "_codes",
        "_integers",
        "_letters",
        "_looked",
        "_modifiers",
        "_rate_of",
        "_rates",
        "_zones",
        "associations_of",
        "cap",
        "consultation_second",
        "exonerations",
        "flat",
        "majoring",
        "night_begins",
        "night_ends",
        "out_of_pathway",
        "overrun",
        "parameters",
        "pathway",
        "pathway_capped",
        "pathway_rate",
        "pharmacy",
        "regimes",
        "situations",
        "threshold",
        "threshold_coefficient",
    )

    def __init__(self, held: Mapping[str, Iterable[Any]]) -> None:
        self._letters: dict[str, list[LetterRow]] = _grouped(held["ngap"])
        self._zones: dict[tuple[str, str], ZoneRow] = {(row.code, row.zone): row for row in held["dom"]}
        self._acts: dict[tuple[str, str, str], list[CcamRow]] = {}
        for act in held["ccam"]:
            self._acts.setdefault((act.code, act.activity, act.phase), []).append(act)
        self._codes = {act.code for act in held["ccam"]}
        self._modifiers: dict[str, list[ModifierRow]] = _grouped(held["modifiers"])
        self._associations: dict[str, PlainRow] = {row["code"]: row for row in held["association_codes"]}
        self._rates: tuple[RateRow, ...] = tuple(held["rates"])
        self._by_nature = {code: row for row in self._rates if row.group == "nature" for code in row.codes}
        self._rate_of: dict[tuple[str, int | None], RateRow] = {}
        self._looked: dict[tuple[str, int | None, str], tuple[LetterRow, ZoneRow | None]] = {}
        self.associations_of: dict[str, frozenset[str]] = {
            row["code"]: frozenset(row["follows"].split()) for row in held["associations"]
        }
        self.pathway: dict[str, PlainRow] = {row["letter"]: row for row in held["pathway"]}
        self.out_of_pathway = frozenset(letter for letter, row in self.pathway.items() if row["mtm"] == "yes")
        self.pharmacy: dict[str, PlainRow] = {row["code"]: row for row in held["pharmacy"]}
        self.situations: dict[str, PlainRow] = {row["situation"]: row for row in held["situations"]}
        self.exonerations: dict[str, PlainRow] = {row["code"]: row for row in held["exonerations"]}
        self.regimes: dict[str, PlainRow] = {row["code"]: row for row in held["regimes"]}
        self.parameters: dict[str, RuleParameter] = {one.name: one for one in held["parameters"]}
        self._integers: dict[str, int] = {}
        self.pathway_rate = self._integer("pathway.rate")
        self.cap = self._integer("pathway.cap")
        reading = self._text("pathway.reading")
        if reading not in (*READINGS, None):
            raise TariffError(f"pathway.reading {reading[:20]!r}: {' or '.join(READINGS)} was expected")
        self.pathway_capped = reading == CAPPED
        self.overrun = self._decimal("overrun.rate")
        self.threshold = self._integer("threshold")
        self.threshold_coefficient = self._decimal("threshold.coefficient")
        self.flat = self._integer("flat")
        self.consultation_second = self._integer("consultation.second")
        self.night_begins = self._integer("night.begins")
        self.night_ends = self._integer("night.ends")
        self.majoring = {
            letter: (self._integer(f"{name}.percent"), self._integer(f"{name}.most"))
            for letter, name in (("N", "night"), ("F", "holiday"))
        }

    def letter(self, code: str, speciality: int | None, zone: str = "") -> tuple[LetterRow, ZoneRow | None]:
        """The row of a letter for a speciality (None: whichever is the first), and its price in the zone, if any.

        Raises UnknownAct.
        """
        asked = (code, speciality, zone)
        found = self._looked.get(asked)
        if found is None:
            found = self._looked[asked] = (self._letter(code, speciality), self._zones.get((code, zone)))
        return found

    def _letter(self, code: str, speciality: int | None) -> LetterRow:
        known = self._letters.get(code, [])
        if speciality is None and known:
            return known[0]
        for row in known:
            if speciality in row.specialities:
                return row
        for row in known:
            if not row.specialities:
                return row
        if known:
            raise UnknownAct(
                f"act {code}: no price for speciality {speciality:02d} on this day",
                hint=f"bifente fse tables search {code} shows who may bill it, and when",
            )
        raise UnknownAct(
            f"act {code[:10]!r}: the NGAP tables have no price on this day",
            hint="bifente fse tables search shows what they have",
        )

    def has_letter(self, code: str) -> bool:
        """Whether the NGAP has a row of this code on this day."""
        return code in self._letters

    def act(self, code: str, activity: str = "1", phase: str = "0", grid: str = "") -> CcamRow:
        """The row of a CCAM act, of the grille asked for, else of any, else of the first. Raises UnknownAct."""
        known = self._acts.get((code, activity, phase))
        if not known:
            more = f", activity {activity}, phase {phase}" if code in self._codes else ""
            raise UnknownAct(
                f"act {code[:10]}{more}: the CCAM tables have no price on this day",
                hint="bifente fse tables import-ccam takes the official base",
            )
        if len(known) == 1:
            return known[0]
        if grid:
            for row in known:
                if grid in row.grids:
                    return row
        return next((row for row in known if not row.grids), known[0])

    def modifier(self, code: str, grid: str = "") -> ModifierRow | None:
        """The row of a modifier, None when there is none."""
        known = self._modifiers.get(code)
        if not known:
            return None
        return next((row for wanted in (grid, "") for row in known if row.grid == wanted), known[0])

    def association(self, code: str) -> tuple[Decimal, Origin]:
        """The coefficient of a *code association*. Raises TariffError."""
        row = self._associations.get(code)
        if row is None:
            raise TariffError(
                f"association {code[:5]!r}: one of {', '.join(self._associations)} was expected"
            )
        return Decimal(row["percent"]) / 100, row.origin

    def rate(self, code: str, speciality: int | None) -> RateRow:
        """The rate of an act: of its code, else of the speciality. Raises TariffError."""
        asked = (code, speciality)
        found = self._rate_of.get(asked)
        if found is None:
            found = next(
                (row for row in self._rates if code in row.codes),
                None,
            ) or next(
                (row for row in self._rates if not row.codes and speciality in row.specialities),
                None,
            )
            if found is None:
                raise TariffError(f"act {code[:10]}: no rate for speciality {speciality}")
            self._rate_of[asked] = found
        return found

    def rate_by_nature(self, code: str) -> RateRow | None:
        """The rate that a code has by its nature, whoever bills it; None for most codes."""
        return self._by_nature.get(code)

    def need(self, name: str) -> int:
        """An integer parameter that must hold on the day. Raises TariffError."""
        value = self._integer(name)
        if value is None:
            raise TariffError(f"parameter {name} has no value on this day")
        return value

    def origin(self, name: str) -> Origin | None:
        """Where a parameter of the day stands."""
        found = self.parameters.get(name)
        return None if found is None else found.origin

    def _text(self, name: str) -> str | None:
        found = self.parameters.get(name)
        return None if found is None else found.value

    def _decimal(self, name: str) -> Decimal | None:
        text = self._text(name)
        return None if text is None else number(text, f"parameter {name}")

    def _integer(self, name: str) -> int | None:
        if name in self._integers:
            return self._integers[name]
        value = self._decimal(name)
        if value is None:
            return None
        if value != value.to_integral_value() or value < 0:
            raise TariffError(f"parameter {name}: {value} is not a natural number")
        self._integers[name] = whole = int(value)
        return whole


def _grouped(held: Iterable[Any]) -> dict[str, list[Any]]:
    by_code: dict[str, list[Any]] = {}
    for row in held:
        by_code.setdefault(row.code, []).append(row)
    return by_code


def age_on(birth: date | None, day: date) -> int | None:
    """Whole years on *day*; None when the birth date is not known."""
    if birth is None:
        return None
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
