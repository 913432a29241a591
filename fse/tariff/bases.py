"""From a line to its *base de remboursement*: the price of the tables, coefficients, majorations, modifiers, association.

FIDES VF: RG_VF631 to 644. CCAM: BR = round((M1 + M2 + M3) × CT), M1 = round(PU × modifiers × association), M2 the flat
modifiers. NGAP: BR = round(round(PU × quantity × coefficient + majoration) × CT).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from bifente.fse.tariff.daytables import AUXILIARIES, LABORATORIES, DayTables
from bifente.fse.tariff.errors import TariffError, UnknownAct
from bifente.fse.tariff.explaining import Told
from bifente.fse.tariff.facts import ONE, Given, Line, SheetFacts
from bifente.fse.tariff.money import euros, half_up, times
from bifente.fse.tariff.rows import CcamRow, LetterRow, Origin

CONSULTATIONS: Final = frozenset(
    [
        "C",
        "CS",
        "CNP",
        "CSC",
        "G",
        "GS",
        "GL",
        "V",
        "VS",
        "VNP",
        "VG",
        "VGS",
        "VL",
        "APC",
        "APU",
        "APY",
        "APV",
        "AVY",
        "CCP",
        "CCX",
        "CCE",
        "COE",
        "COB",
        "COD",
        "COG",
        "COH",
        "COM",
        "CDE",
        "CSE",
        "CSM",
        "CSO",
        "CTE",
        "U03",
        "U45",
        "TC",
        "TCG",
        "IC",
        "ICS",
    ]
)
"""Consultations, visits and téléconsultations of the NGAP: those that a technical act may be billed beside."""

THRESHOLD_LETTERS: Final = frozenset({"K", "KC", "KE", "KMO", "Z"})
"""Letters whose coefficients add up to the threshold of 60: "soins en rapport avec un K ou un KC"."""

FREE: Final = "G"
NOT_REFUNDED: Final = "N"


class Based(NamedTuple):
    """A line and its base, before anybody pays. ``measure`` is what is held against the threshold, in cents."""

    line: Line
    unit: int
    base: int
    measure: int
    technical: bool
    exempting: str
    category: str
    grouping: str
    majoration: int = 0


@dataclass(frozen=True, slots=True)
class Majoration:
    """How a majoration came about, in cents; ``share`` and ``most`` are None where only the forfait counts."""

    amount: int
    forfait: int
    share: int | None
    most: int | None


def ngap_base(
    unit: int, coefficient: Decimal, quantity: int = 1, majoration: int = 0, transition: Decimal = ONE
) -> int:
    """The base of an act of the NGAP (RG_VF643)."""
    over, under = coefficient.as_integer_ratio()
    base = half_up(unit * quantity * over + majoration * under, under)
    return base if transition is ONE or transition == ONE else times(base, transition)


def majoration(
    unit: int, coefficient: Decimal, complement: str, forfait: int, *, percentage: bool, day: DayTables
) -> Majoration:
    """The majoration of a complement (RG_VF642): the forfait, or of the percentage type what the comparison gives."""
    share_rate, times_unit = day.majoring.get(complement, (None, None))
    if not percentage or share_rate is None or times_unit is None:
        return Majoration(forfait, forfait, None, None)
    share = times(unit, coefficient * share_rate / 100)
    most = unit * times_unit
    amount = forfait if share <= forfait else max(min(share, most), forfait)
    return Majoration(amount, forfait, share, most)


def modifiers_together(coefficients: Iterable[Decimal]) -> Decimal:
    """Coefficients of modifiers add what each adds: 1.3 and 1.5 make 1.8."""
    return ONE + sum((one - ONE for one in coefficients), Decimal(0))


@dataclass(frozen=True, slots=True)
class CcamBase:
    """The parts of a base of the CCAM, in cents."""

    m1: int
    m2: int
    m3: int
    base: int


def ccam_base(
    unit: int,
    coefficients: Collection[Decimal] = (),
    flats: Collection[int] = (),
    association: Decimal = ONE,
    extra: int = 0,
    transition: Decimal = ONE,
) -> CcamBase:
    """The base of an act of the CCAM (RG_VF640)."""
    m1 = times(unit, modifiers_together(coefficients) * association)
    m2 = sum(flats)
    whole = m1 + m2 + extra
    return CcamBase(m1, m2, extra, whole if transition == ONE else times(whole, transition))


def based(line: Line, facts: SheetFacts, day: DayTables, beside: bool, told: Told | None) -> Based:
    """A line with its base; *beside*: a consultation of the same day is on the sheet. Raises TariffError."""
    given = line.given
    if line.technical or (given is not None and given.technical):
        return _ccam(line, facts, day, beside, told)
    return _ngap(line, facts, day, told)


def _ngap(line: Line, facts: SheetFacts, day: DayTables, told: Told | None) -> Based:
    given = line.given or _NOTHING
    row = None
    unit = given.unit
    if unit is None and given.base is None and line.code in day.pharmacy and not day.has_letter(line.code):
        return _medicine(line, day, told)
    if unit is None and given.base is None:
        row, in_zone = day.letter(line.code, facts.speciality, facts.zone)
        unit = row.unit if in_zone is None else in_zone.unit
        _check_letter(line, row.least, row.most, row.complements)
        if told is not None:
            told.add("unit", unit, f"price of {line.code} on {line.date}", (in_zone or row).origin)
            if facts.zone and in_zone is None:
                told.add(
                    "unit",
                    unit,
                    f"no price of {line.code} for {facts.zone} is known: that of the métropole",
                    doubtful=True,
                )
    added = 0
    if line.complement and unit is not None:
        added = _majoration(line, facts, unit, row, given, day, told)
    if given.base is not None:
        base = given.base
        unit = unit if unit is not None else base
    else:
        assert unit is not None
        base = ngap_base(unit, line.coefficient, line.quantity, added, given.transition)
        if told is not None:
            more = f" + {euros(added)}" if added else ""
            told.add(
                "base",
                base,
                f"{euros(unit)} × {line.quantity} × {line.coefficient.normalize():f}{more}, rounded half up (RG_VF643)",
            )
    return Based(
        line,
        unit,
        base,
        base,
        False,
        given.exempting or "",
        given.category or "",
        given.grouping or "",
        added,
    )


def _medicine(line: Line, day: DayTables, told: Told | None) -> Based:
    """Medicines of one nature: their price is no tariff of a letter, what is charged is the base (RG_VF636, 643)."""
    if line.charged is None:
        raise TariffError(
            f"act {line.code}: medicines are charged at their prices, and none is given",
            hint="bifente fse tables show medicines has invented ones",
        )
    if told is not None:
        told.add(
            "base",
            line.charged,
            f"price of the medicines of nature {line.code}",
            day.pharmacy[line.code].origin,
        )
    return Based(line, line.charged // line.quantity, line.charged, line.charged, False, "", "", "")


def _majoration(
    line: Line,
    facts: SheetFacts,
    unit: int,
    row: LetterRow | None,
    given: Given,
    day: DayTables,
    told: Told | None,
) -> int:
    origin: Origin | None = None
    forfait = given.forfait
    auxiliary = facts.speciality in AUXILIARIES
    if row is not None:
        origin = row.origin
        if forfait is None:
            forfait = {"N": row.night, "F": row.holiday}.get(line.complement)
        auxiliary = auxiliary or (bool(row.specialities) and row.specialities <= AUXILIARIES | LABORATORIES)
    if forfait is None:
        if told is not None:
            told.add(
                "majoration",
                0,
                f"no amount of the majoration {line.complement} of {line.code} is public",
                doubtful=True,
            )
        return 0
    percentage = not auxiliary if given.percentage is None else given.percentage
    found = majoration(unit, line.coefficient, line.complement, forfait, percentage=percentage, day=day)
    if told is not None:
        how = (
            f"the forfait {euros(forfait)}"
            if found.share is None or found.most is None
            else f"{euros(found.share)} by percentage, at most {euros(found.most)}, never below the forfait {euros(forfait)}"
        )
        told.add("majoration", found.amount, f"majoration {line.complement}: {how} (RG_VF642)", origin)
    return found.amount


def _check_letter(line: Line, least: Decimal | None, most: Decimal | None, complements: str) -> None:
    if (least is not None and line.coefficient < least) or (most is not None and line.coefficient > most):
        raise TariffError(f"act {line.code}: coefficient {line.coefficient} is not within {least} and {most}")
    if line.complement and line.complement not in complements:
        allowed = ", ".join(complements) or "none"
        raise TariffError(f"act {line.code} allows no complement {line.complement}: allowed are {allowed}")


def _ccam(line: Line, facts: SheetFacts, day: DayTables, beside: bool, told: Told | None) -> Based:
    given = line.given or _NOTHING
    exempting, category, grouping, beside_percent = "1", "", "", None
    unit = given.unit
    row = _act(line, facts, day, required=unit is None and given.base is None)
    if row is not None:
        exempting, category, grouping = row.exempting, row.category, row.grouping
        beside_percent = row.with_consultation
        if unit is None and given.base is None:
            unit = row.unit
            if told is not None:
                what = f"price of {line.code}, activity {line.activity}, phase {line.phase}, on {line.date}"
                told.add("unit", unit, what, row.origin)
    if given.base is not None:
        parts = CcamBase(given.base, 0, 0, given.base)
        unit = given.base if unit is None else unit
    else:
        assert unit is not None
        coefficients, flats = _modifiers(line, facts, day, given, told)
        association = _association(line, day, given, told)
        parts = ccam_base(unit, coefficients, flats, association, given.extra, given.transition)
        if told is not None:
            told.add(
                "base",
                parts.base,
                f"M1 {euros(parts.m1)} + M2 {euros(parts.m2)} + M3 {euros(parts.m3)} (RG_VF640)",
            )
    base, measure = parts.base, parts.m1
    if beside and not line.association and given.base is None:
        second = beside_percent if beside_percent is not None else day.consultation_second
        if second is not None and second < 100:
            base, measure = half_up(base * second, 100), half_up(measure * second, 100)
            if told is not None:
                told.add(
                    "base",
                    base,
                    f"{second} % beside a consultation (RG_VF640 CP02)",
                    day.origin("consultation.second"),
                )
    quantity = line.quantity
    return Based(
        line,
        unit,
        base * quantity,
        measure * quantity,
        True,
        exempting if given.exempting is None else given.exempting,
        category if given.category is None else given.category,
        grouping if given.grouping is None else given.grouping,
    )


def _act(line: Line, facts: SheetFacts, day: DayTables, *, required: bool) -> CcamRow | None:
    if required or line.code:
        try:
            return day.act(line.code, line.activity, line.phase, facts.grid)
        except UnknownAct:
            if required:
                raise
    return None


def _modifiers(
    line: Line, facts: SheetFacts, day: DayTables, given: Given, told: Told | None
) -> tuple[list[Decimal], list[int]]:
    coefficients, flats = list(given.coefficients), list(given.flats)
    for code in line.modifiers:
        row = day.modifier(code, facts.grid)
        if row is None:
            raise TariffError(f"act {line.code}: there is no modifier {code[:5]!r} on this day")
        if row.coefficient is not None:
            coefficients.append(row.coefficient)
        elif row.flat is not None:
            flats.append(row.flat)
        else:
            raise TariffError(
                f"act {line.code}: what modifier {code} adds is not in the tables",
                hint="bifente fse tables import-ccam takes the official base",
            )
        if told is not None:
            what = f"× {row.coefficient}" if row.flat is None else f"+ {euros(row.flat)}"
            told.add("modifier", row.flat, f"modifier {code} {what}", row.origin)
    return coefficients, flats


def _association(line: Line, day: DayTables, given: Given, told: Told | None) -> Decimal:
    if given.association is not None:
        return given.association
    if not line.association:
        return ONE
    coefficient, origin = day.association(line.association)
    if told is not None:
        told.add("association", None, f"association {line.association}: × {coefficient}", origin)
    return coefficient


_NOTHING: Final = Given()
