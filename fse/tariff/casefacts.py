"""From the input of a case to the facts of a sheet. Each key is read once; what nobody read is told."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from bifente.fse.tariff.bases import Based
from bifente.fse.tariff.casewords import Words
from bifente.fse.tariff.errors import TariffError
from bifente.fse.tariff.facts import ONE, Given, Line, SheetFacts, Situation
from bifente.fse.tariff.liquidation import NO_HISTORY, History
from bifente.fse.tariff.money import cents, number
from bifente.fse.tariff.tables import Tables

MAX_LINES: Final = 99
FIRST_DAY: Final = date(1950, 1, 1)
LAST_DAY: Final = date(2100, 12, 31)
"""The days that calendars of *jours fériés* know well enough."""
_CCAM: Final = re.compile(r"[A-Z]{4}[0-9]{3}")
_ACT: Final = re.compile(r"[A-Z][A-Z0-9]{0,6}")

_MTM: Final[Mapping[str, Situation]] = {
    "ASPA": Situation.ASPA,
    "RLAM": Situation.RLAM,
    "RLF": Situation.RLAM,
    "RL": Situation.RLAM,
    "REGIME LOCAL": Situation.RLAM,
    "RÉGIME LOCAL": Situation.RLAM,
    "ALSACE-MOSELLE": Situation.RLAM,
    "RENTE AT": Situation.RENTE_AT,
    "RENTE-AT": Situation.RENTE_AT,
    "AME": Situation.AME,
    "SP06": Situation.AME,
    "C2S": Situation.C2S,
    "CMU-C": Situation.C2S,
    "SP03": Situation.C2S,
    "DETENU": Situation.DETAINEE,
    "DÉTENU": Situation.DETAINEE,
    "SP17": Situation.DETAINEE,
    "INVALIDITE": Situation.EXONERATED,
    "INVALIDITÉ": Situation.EXONERATED,
    "PENSION MILITAIRE": Situation.EXONERATED,
    "EXONERE": Situation.EXONERATED,
}
_NATURES: Final[Mapping[str, str]] = {
    "MALADIE": "10",
    "MATERNITE": "30",
    "MATERNITÉ": "30",
    "AT": "41",
    "MP": "41",
    "AT/MP": "41",
    "PREVENTION": "90",
    "PRÉVENTION": "90",
}


class Input:
    """The input of a case: typed looks at its members. All raise TariffError naming the key."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._read: set[str] = set()

    def unread(self) -> list[str]:
        """The keys that nobody asked for."""
        return [key for key in self._values if key not in self._read]

    def has(self, key: str) -> bool:
        """Whether the key is there; that is not reading it."""
        return key in self._values

    def _take(self, key: str) -> Any:
        self._read.add(key)
        return self._values.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        """A text, or a number as text."""
        value = self._take(key)
        if value is None:
            if default is None:
                raise TariffError(f"input key {key} is missing")
            return default
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise TariffError(f"input key {key}: a text was expected")
        return str(value)

    def many_texts(self, key: str) -> list[str]:
        """Texts; a single one is a list of one."""
        value = self._take(key)
        if value is None:
            return []
        many = value if isinstance(value, list) else [value]
        if len(many) > MAX_LINES or any(
            isinstance(one, bool) or not isinstance(one, str | int) for one in many
        ):
            raise TariffError(f"input key {key}: texts, at most {MAX_LINES}, were expected")
        return [str(one) for one in many]

    def cents(self, key: str) -> int:
        """An amount."""
        return cents(self.text(key), f"input key {key}")

    def optional_cents(self, key: str) -> int | None:
        """An amount, None when it is not there."""
        return self.cents(key) if self.has(key) else None

    def many_cents(self, key: str) -> list[int]:
        """Amounts; TariffError when there is none."""
        found = [cents(one, f"input key {key}") for one in self.many_texts(key)]
        if not found:
            raise TariffError(f"input key {key} is missing")
        return found

    def decimal(self, key: str, default: Decimal) -> Decimal:
        """A number that is not negative."""
        if not self.has(key):
            return default
        return _natural(self.text(key), key)

    def many_decimals(self, key: str) -> list[Decimal]:
        """Numbers that are not negative."""
        return [_natural(one, key) for one in self.many_texts(key)]

    def integer(self, key: str, default: int) -> int:
        """A natural number."""
        found = self.optional_integer(key)
        return default if found is None else found

    def optional_integer(self, key: str) -> int | None:
        """A natural number, None when it is not there."""
        if not self.has(key):
            return None
        value = _natural(self.text(key), key)
        if value != value.to_integral_value():
            raise TariffError(f"input key {key}: a whole number was expected")
        return int(value)

    def optional_day(self, key: str) -> date | None:
        """A day as 2026-01-31, None when it is not there."""
        if not self.has(key):
            return None
        text = self.text(key)
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise TariffError(f"input key {key} {text[:20]!r}: a day as 2026-01-31 was expected") from None
        if not FIRST_DAY <= day <= LAST_DAY:
            raise TariffError(
                f"input key {key} {text[:20]!r}: a day from {FIRST_DAY} to {LAST_DAY} was expected"
            )
        return day

    def day(self, key: str, default: date) -> date:
        """A day as 2026-01-31."""
        return self.optional_day(key) or default

    def flag(self, key: str) -> bool:
        """true or false; false when it is not there."""
        value = self._take(key)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise TariffError(f"input key {key}: true or false was expected")
        return value

    def situations(self, key: str) -> set[Situation]:
        """Situations by their names."""
        found = set()
        for text in self.many_texts(key):
            if text in ("", "aucune", "none"):
                continue
            if text.upper() not in _MTM:
                raise TariffError(f"input key {key} {text[:30]!r}: one of {', '.join(_MTM)} was expected")
            found.add(_MTM[text.upper()])
        return found

    def letters(self, tables: Tables) -> list[tuple[str, int]]:
        """Acts whose letter is the key and whose price is the value: ``{"C": "18.50"}``."""
        codes = {row.code for row in tables.rows("ngap")}
        return [(key, self.cents(key)) for key in self._values if key in codes]


def _natural(text: str, key: str) -> Decimal:
    value = number(text, f"input key {key}")
    if value < 0:
        raise TariffError(f"input key {key}: {value} is negative")
    return value


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """The facts of a case; ``participation`` is the amount of the participation forfaitaire where the input has one,
    ``beside`` what an invoice has beside the lines, ``total`` what was asked for all lines, both in cents; ``history`` what
    was kept back before."""

    facts: SheetFacts
    tables: Tables
    participation: int | None = None
    beside: int = 0
    total: int | None = None
    history: History = NO_HISTORY

    def association(self, one: Based) -> Decimal:
        """The coefficient of association of a line."""
        given = one.line.given
        if given is not None and given.association is not None:
            return given.association
        if one.line.association:
            return self.tables.on(one.line.date).association(one.line.association)[0]
        return ONE


def facts_of_case(words: Words, read: Input, tables: Tables, default_day: date) -> CaseFacts:
    """The facts that the words of a kind and an input say. Raises TariffError."""
    day = read.day("date", default_day)
    situations = words.situations | read.situations("mtm") | read.situations("situation")
    establishment = words.establishment
    if read.flag("c2s"):
        situations.add(Situation.C2S)
    elif read.has("c2s") and Situation.C2S in situations:
        situations.discard(Situation.C2S)
        establishment = True  # a rule of the C2S, and what it does not do to others
    if read.flag("aspa"):
        situations.add(Situation.ASPA)
    if read.flag("ame"):
        situations.add(Situation.AME)
    exoneration = read.text("exo", words.exoneration or "0")
    if exoneration not in tuple("01345679C"):
        raise TariffError(f"exo {exoneration[:5]!r}: 0, 1, 3, 4, 5, 6, 7, 9 or C was expected")
    if read.flag("ald"):
        exoneration = "4"
    lines, speciality = _lines(words, read, tables, day)
    forfaits = {line.code for line in lines} & {row["forfait"] for row in tables.rows("dental_forfaits")}
    if forfaits:
        situations.add(Situation.C2S)
    speciality = read.optional_integer("specialite") or words.speciality or speciality
    age = read.optional_integer("age")
    nature = read.text("nature", words.nature)
    facts = SheetFacts(
        lines=tuple(lines),
        speciality=speciality,
        grid=read.text("grille", ""),
        zone=read.text("zone", ""),
        regime=read.text("regime", words.regime).zfill(2),
        nature=_NATURES.get(nature.upper(), nature),
        exoneration=exoneration,
        pathway=read.text("ips", words.pathway),
        situations=frozenset(situations),
        contract=read.text("contrat", ""),
        age=words.age if age is None else age,
    )
    if facts.nature not in ("10", "13", "30", "41", "90"):
        raise TariffError(f"nature {nature[:20]!r}: 10, 13, 30, 41 or 90 was expected")
    if facts.pathway not in tables.on(day).pathway:
        raise TariffError(f"ips {facts.pathway[:5]!r} is no letter of the parcours de soins")
    if establishment and Situation.C2S not in facts.situations:
        facts = replace(facts, pathway="")
    charged = [cents(one, "input key honoraires") for one in read.many_texts("honoraires")]
    facts, total = _charged(facts, charged)
    history = History(
        participation_year=read.optional_cents("pf_annee") or 0,
        franchise_year=read.optional_cents("franchise_annee") or 0,
        franchise_day=read.optional_cents("franchise_jour") or 0,
        transport_day=read.optional_cents("transport_jour") or 0,
        participation_day=read.optional_cents("pf_jour") or 0,
    )
    return CaseFacts(facts, tables, read.optional_cents("pf"), _beside(facts, read, tables), total, history)


def _lines(words: Words, read: Input, tables: Tables, day: date) -> tuple[list[Line], int | None]:
    codes = [code.strip() for text in read.many_texts("act") for code in text.split("+")]
    for code in codes:
        if not _ACT.fullmatch(code):
            raise TariffError(f"act {code[:20]!r}: an NGAP letter or a CCAM code was expected")
    units = _optional_many(read, "PU")
    bases = _optional_many(read, "BR")
    coefficients = read.many_decimals("coef")
    exempting = read.many_texts("champ25")
    rates = read.many_texts("taux")
    groupings = read.many_texts("regroupement")
    categories = read.many_texts("categorie") + read.many_texts("champ12")
    letters = read.letters(tables)
    modifiers = tuple(read.many_texts("modificateurs"))
    common = Given(
        coefficients=tuple(read.many_decimals("modif_coef")),
        flats=tuple(cents(one, "input key modif_forfait") for one in read.many_texts("modif_forfait")),
        association=read.decimal("assoc", Decimal(-1)) if read.has("assoc") else None,
        transition=read.decimal("CT", ONE),
        extra=read.optional_cents("supplement") or 0,
        category=words.category,
        grouping=words.grouping,
        exempting=words.exempting,
    )
    quantity = read.integer("qte", 1)
    if not 1 <= quantity <= MAX_LINES:
        raise TariffError(f"qte {quantity}: 1 to {MAX_LINES}")
    qualifiers = read.many_texts("qualificatif")
    activity = read.text("activite", words.activity)
    technical = words.technical or bool(
        common.coefficients or common.flats or common.association or exempting
    )
    majoration = read.optional_cents("maj") if letters else None
    complement = "" if letters else read.text("maj", "")
    forfait = read.optional_cents("forfait")
    given_lists: tuple[list[Any], ...] = (
        codes,
        units,
        bases,
        coefficients,
        exempting,
        rates,
        groupings,
        categories,
        qualifiers,
    )
    count = max(map(len, given_lists))
    if count == 0 and not letters:
        raise TariffError("the input names no act, no price (PU) and no base (BR)")
    letter = words.letters or ("K" if coefficients and not (codes or units or bases) else "")
    lines = []
    speciality = None
    for place in range(count):
        code = _of(codes, place, "act", count) or letter
        is_ccam = bool(_CCAM.fullmatch(code)) or (technical and not code)
        given = replace(
            common,
            unit=_of(units, place, "PU", count),
            base=_of(bases, place, "BR", count),
            rate=_percent(_of(rates, place, "taux", count)),
            technical=is_ccam,
            forfait=forfait,
            exempting=_of(exempting, place, "champ25", count) or common.exempting,
            category=_of(categories, place, "categorie", count) or common.category,
            grouping=_of(groupings, place, "regroupement", count) or common.grouping,
        )
        coefficient = _of(coefficients, place, "coef", count)
        if given.unit is None and given.base is None and code and not is_ccam and coefficient is not None:
            given = replace(given, unit=tables.on(day).letter(code, words.speciality)[0].unit)
        if letter and not codes:
            given = replace(given, technical=False)
        lines.append(
            Line(
                code,
                day,
                coefficient=ONE if coefficient is None else coefficient,
                quantity=quantity,
                complement=complement,
                qualifier=_of(qualifiers, place, "qualificatif", count) or "",
                activity=activity,
                modifiers=modifiers,
                technical=given.technical,
                given=given,
            )
        )
        if code and not is_ccam and speciality is None and tables.on(day).has_letter(code):
            speciality = min(tables.on(day).letter(code, words.speciality)[0].specialities, default=None)
    for code, unit in letters:
        added = 0 if majoration is None else majoration
        majoration = None
        lines.append(Line(code, day, given=replace(common, base=unit + added, unit=unit)))
    return lines, speciality


def _optional_many(read: Input, key: str) -> list[int]:
    return read.many_cents(key) if read.has(key) else []


def _of(values: list[Any], place: int, key: str, count: int) -> Any:
    """The value of a line: of a list of as many as there are lines, or the one that all share."""
    if not values:
        return None
    if len(values) == 1:
        return values[0]
    if len(values) != count:
        raise TariffError(f"input key {key}: {len(values)} values for {count} lines")
    return values[place]


def _percent(text: str | None) -> int | None:
    if text is None:
        return None
    value = _natural(text, "taux")
    if value != value.to_integral_value() or value > 100:
        raise TariffError(f"input key taux {text[:10]!r}: 0 to 100 percent")
    return int(value)


def _charged(facts: SheetFacts, charged: list[int]) -> tuple[SheetFacts, int | None]:
    if not charged:
        return facts, None
    if len(charged) == len(facts.lines):
        lines = tuple(replace(line, charged=one) for line, one in zip(facts.lines, charged, strict=True))
        return replace(facts, lines=lines), None
    if len(charged) != 1:
        raise TariffError(f"input key honoraires: {len(charged)} values for {len(facts.lines)} lines")
    return facts, charged[0]


def _beside(facts: SheetFacts, read: Input, tables: Tables) -> int:
    """What the invoice has beside a *forfait dentaire* alone: it never stands without the act that it supports."""
    forfaits = {row["forfait"]: row for row in tables.rows("dental_forfaits")}
    support = read.optional_cents("support_honoraires")
    if any(line.technical for line in facts.lines):
        return support or 0
    for line in facts.lines:
        if line.code in forfaits:
            return int(forfaits[line.code]["support_charged"]) if support is None else support
    return support or 0
