"""The words of a case's kind, and what each says of its facts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

from bifente.fse.tariff.complements import is_holiday
from bifente.fse.tariff.errors import TariffError
from bifente.fse.tariff.facts import Situation

FAMILIES: Final[tuple[tuple[str, str], ...]] = (
    (r"\bexo(n[eé]ration)? placement\b", "placement"),
    (r"\bcomplements?\b(?! clinic)", "complement"),
    (r"\btype 2\b|\baccident\b.*\bcol\b", "accident"),
    (r"\btype 4\b", "amc-field"),
    (r"\banonymous nir\b", "nir"),
    (r"\bmajoration, type\b|\brg_vf642\b", "majoration"),
    (r"\bd[eé]passement autoris[eé]\b", "overrun"),
    (r"\bexo(n[eé]ration)?s?\b.*\bplace", "placement"),
)
"""Pattern of a kind, in lower case → what answers; the first that fits. Everything else is a price."""

SPECIALITIES: Final[Mapping[str, int]] = {
    r"gp|general practitioner|g[eé]n[eé]raliste": 1,
    r"psychiatr\w*": 33,
    r"neurolog\w*": 32,
    r"gyn\w*": 7,
    r"geriatr\w*|g[eé]riatr\w*": 34,
    r"mpr": 31,
    r"p[a]?ediatric\w*|p[eé]diatr\w*": 12,
    r"cardiolog\w*": 3,
    r"dermatolog\w*": 5,
    r"dental|dentist\w*|dentaire\w*": 19,
    r"midwi\w*|sage-femme": 21,
    r"nurs\w*|infirmi\w*": 24,
    r"kin[eé]\w*|physio\w*|masseur\w*": 26,
    r"orthophon\w*|speech": 28,
    r"orthopt\w*": 29,
    r"podolog\w*|p[eé]dicure\w*": 27,
    r"laborator\w*|biolog\w*": 30,
    r"specialist\w*|sp[eé]cialiste\w*": 4,
}

_SITUATIONS: Final[Mapping[str, Situation]] = {
    r"c2s|cmu-?c": Situation.C2S,
    r"ame": Situation.AME,
    r"aspa": Situation.ASPA,
    r"r[eé]gime local|alsace\w*|rlam|rlf": Situation.RLAM,
    r"rente at": Situation.RENTE_AT,
    r"d[eé]tenus?|detainees?|prison\w*": Situation.DETAINEE,
    r"invalidit[eéy]\w*|pension militaire|b[eé]n[eé]ficiaire exon[eé]r[eé]": Situation.EXONERATED,
}

_NATURES: Final[Mapping[str, str]] = {
    r"maternit[eéy]\w*": "30",
    r"at/mp|at-mp|accident du travail": "41",
    r"pr[eé]vention": "90",
}

_KNOWN: Final = (
    r"ccam|ngap|tmf|c2s|ame|aspa|br|rounding|half-up|threshold|seuil|invasive|invasif\w*|cumul|coef|parcours|mtm|garde|"
    r"majoration\w*|exo|forfait|modifiers?|newborn|child|enfant|act|acts|actes?|ald|mines|canssm|sncf|secteur|imag\w*|adi|"
    r"anesth\w*|anaesth\w*|participation|franchise|consultation\w*|visite?s?|tarif\w*|association|panier|price|technical"
)
"""Words that make a kind one of prices; with those of the other tables."""


@dataclass(slots=True)
class Words:
    """What a kind says, before the input says more."""

    family: str = "price"
    speciality: int | None = None
    age: int | None = None
    technical: bool = False
    exempting: str | None = None
    category: str | None = None
    grouping: str | None = None
    activity: str = "1"
    exoneration: str = ""
    pathway: str = ""
    nature: str = "10"
    regime: str = "01"
    situations: set[Situation] = field(default_factory=set)
    letters: str = ""
    establishment: bool = False
    """Whether the amounts are those of an establishment, into which the parcours enters for the C2S only (RG_VF670)."""
    percentage: bool = True
    """Whether a majoration is of the percentage type."""


def words_of(kind: str) -> Words:
    """What *kind* says. Raises TariffError for one of which no word is known."""
    text = kind.lower()
    family = next((name for pattern, name in FAMILIES if re.search(pattern, text)), "price")
    found = Words(family=family)
    known = family != "price" or _has(_KNOWN, text)
    for pattern, speciality in SPECIALITIES.items():
        if _has(pattern, text):
            found.speciality = speciality
            known = True
            break
    for pattern, situation in _SITUATIONS.items():
        if _has(pattern, text):
            found.situations.add(situation)
            known = True
    for pattern, nature in _NATURES.items():
        if _has(pattern, text):
            found.nature = nature
            known = True
    if re.search(r"(?<![\w/-])AT(?![\w/])", kind):
        found.nature = "41"
        known = True
    if _has(r"(?:non|not|hors|sans|without|no)[- ]c2s", text):
        found.situations.discard(Situation.C2S)
        found.establishment = True
    if _has(r"rg_vf67\d|[eé]tablissement|establishment|fides", text):
        found.establishment = True
    if not known:
        raise TariffError(f"kind {kind[:60]!r} is not known: none of its words says what to price")
    if found.speciality == 19:
        found.situations.add(Situation.C2S)  # the examples of FIDES VF p.277 are all of the C2S
        found.category = "PD"
    found.technical = _has(r"ccam|tmf|invasive|invasif\w*|dental|dentaire|threshold|technical", text)
    if _has(r"non[- ]invasive|non[- ]invasif\w*", text):
        found.exempting = "2"
    elif _has(r"invasive|invasif\w*", text):
        found.exempting = "1"
    if _has(r"newborn|nouveau-n[eé]", text):
        found.age = 0
    if _has(r"adi|imag\w*", text):
        found.grouping = "ADI"
    if _has(r"ana?esth\w*|anesth[eé]sie", text):
        found.activity = "4"
    if _has(r"mines|canssm", text):
        found.regime = "07"
    if _has(r"sncf", text):
        found.regime = "04"
    if _has(r"hors parcours|out of pathway", text):
        found.pathway = "S"
    if (letter := re.search(r"\bips ([a-z])\b", text)) is not None:
        found.pathway = letter[1].upper()
    if (code := re.search(r"\bexo ([0-9c])\b", text)) is not None:
        found.exoneration = code[1].upper()
    elif _has(r"ald", text):
        found.exoneration = "4"
    if _has(r"cumul coef\w*|coef\w* cumul\w*", text):
        found.letters = "K"
    found.percentage = not _has(r"type forfait\w*|auxiliaires?|auxiliary", text)
    return found


def _has(pattern: str, text: str) -> bool:
    return re.search(rf"(?<![\w/-])(?:{pattern})(?![\w/])", text) is not None


_DAYS: Final = {
    name: number
    for number, names in enumerate(
        (
            "monday lundi",
            "tuesday mardi",
            "wednesday mercredi",
            "thursday jeudi",
            "friday vendredi",
            "saturday samedi",
            "sunday dimanche",
        )
    )
    for name in names.split()
}
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "january janvier jan", "february février fevrier feb", "march mars mar", "april avril apr", "may mai",
            "june juin jun", "july juillet jul", "august août aout aug", "september septembre sep sept",
            "october octobre oct", "november novembre nov", "december décembre decembre dec",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip


def moment(text: str, around: date, department: str = "") -> datetime:
    """The moment that ``working day 18:15``, ``sunday 18:00``, ``15 august 21:00``, ``08-15 18:00`` or an ISO date says,
    by the first such day from *around* on. Raises TariffError."""
    wanted = (
        text.strip().lower().replace("t", " ", 1)
        if re.match(r"\d{4}-\d\d-\d\dT", text.strip())
        else text.strip().lower()
    )
    clock = re.search(r"\b(\d{1,2})[:h](\d{2})?(?::\d\d)?\s*$", wanted)
    if clock is None:
        raise TariffError(f"when {text[:40]!r}: a time as 18:15 was expected at its end")
    hour, minute = int(clock[1]), int(clock[2] or 0)
    if hour > 23 or minute > 59:
        raise TariffError(f"when {text[:40]!r}: there is no such time")
    day = _day(wanted[: clock.start()].strip(" ,"), around, department)
    if day is None:
        raise TariffError(
            f"when {text[:40]!r}: a day was expected",
            hint="working day, holiday, a weekday, a day of the year as 08-15 or 15 august, or a date as 2026-08-15",
        )
    return datetime.combine(day, time(hour, minute))


_LONG_ENOUGH: Final = 8 * 366
"""Days in which each day of the year occurs, 29 February too."""


def _day(text: str, around: date, department: str) -> date | None:
    text = re.sub(r"^(next|on|le|un|une|a|the)\s+", "", text)
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    days = [around + timedelta(days=count) for count in range(_LONG_ENOUGH)]
    if text in ("working day", "workday", "jour ouvré", "jour ouvre", "weekday", "business day"):
        return next((day for day in days if day.weekday() < 5 and not is_holiday(day, department)), None)
    if text in (
        *("holiday", "public holiday", "bank holiday"),
        *("jour férié", "jour ferie", "férié", "ferie"),
    ):
        return next((day for day in days if day.weekday() < 5 and is_holiday(day, department)), None)
    if text in _DAYS:
        sunday = text in ("sunday", "dimanche")
        wanted = (day for day in days if day.weekday() == _DAYS[text])
        return next((day for day in wanted if sunday or not is_holiday(day, department)), None)
    parts = re.fullmatch(
        r"(?:(\d{1,2})[-/](\d{1,2}))|(?:(\d{1,2})(?:er|st|nd|rd|th)? ([a-zéûôà]+))|(?:([a-zéûôà]+) (\d{1,2}))",
        text,
    )
    if parts is None:
        return None
    if parts[1]:
        month, number = int(parts[1]), int(parts[2])
    else:
        month, number = _MONTHS.get(parts[4] or parts[5], 0), int(parts[3] or parts[6])
    return next((day for day in days if (day.month, day.day) == (month, number)), None)
