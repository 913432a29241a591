"""Cases as data: a kind, inputs, expected amounts; run by the functions that price sheets.

A case is an object with ``id``, ``kind``, ``input`` and ``expected`` (beside ``source`` and ``confidence``, which are not
read). Its facts follow from the words of the kind and from the input; each expected key is looked up in what the price
gives. What is not known, a kind, a key, a value, is a problem of the case and never passed over.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final

from bifente.fse.tariff.bases import Based, ccam_base, majoration, modifiers_together, ngap_base
from bifente.fse.tariff.casefacts import CaseFacts, Input, facts_of_case
from bifente.fse.tariff.casewords import Words, moment, words_of
from bifente.fse.tariff.complements import automatic_complement
from bifente.fse.tariff.daytables import AUXILIARIES
from bifente.fse.tariff.errors import TariffError
from bifente.fse.tariff.facts import Given, Line, SheetFacts
from bifente.fse.tariff.fields import accident_field, amc_field, anonymous_nir
from bifente.fse.tariff.liquidation import deductions
from bifente.fse.tariff.money import euros, percent
from bifente.fse.tariff.pricing import valued
from bifente.fse.tariff.shares import over_threshold, placed
from bifente.fse.tariff.tables import Tables

DEFAULT_DAY: Final = date(2026, 6, 1)
"""Of a case without a date."""

Found = Mapping[str, Callable[[], object]]


@dataclass(frozen=True, slots=True)
class CaseDifference:
    """An expected key whose value is another. Both as text."""

    key: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of a case: it passes when nothing differs and nothing was wrong with it."""

    id: str
    kind: str
    differences: tuple[CaseDifference, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all expected keys have their values."""
        return not self.differences and not self.problems


def run_case(case: Any, tables: Tables, place: int = 0) -> CaseResult:
    """Price a case and compare. What is wrong with it stands in the result; nothing is raised for it."""
    name = f"case {place + 1}"
    if not isinstance(case, dict):
        return CaseResult(name, "", problems=("an object was expected",))
    name, kind = str(case.get("id", name)), case.get("kind")
    wanted, given = case.get("expected"), case.get("input")
    if not isinstance(kind, str) or not isinstance(wanted, dict) or not isinstance(given, dict):
        return CaseResult(
            name, str(kind), problems=("kind (a text), input and expected (objects) were expected",)
        )
    try:
        words = words_of(kind)
        read = Input(given)
        found = _FAMILIES[words.family](Asked(words, read, tables))
        strange = read.unread()
    except TariffError as error:
        return CaseResult(name, kind, problems=(str(error),))
    problems = [f"input key {key[:40]!r} is not known for kind {kind[:60]!r}" for key in strange]
    if not wanted:
        problems.append("nothing is expected")
    differences = []
    for key, value in wanted.items():
        if key not in found:
            known = ", ".join(found)
            problems.append(
                f"expected key {key[:40]!r} is not known for kind {kind[:60]!r}: known are {known}"
            )
            continue
        try:
            got = found[key]()
        except TariffError as error:
            problems.append(f"{key}: {error}")
            continue
        if not same(value, got):
            differences.append(CaseDifference(key, shown(value), shown(got)))
    return CaseResult(name, kind, tuple(differences), tuple(problems))


def same(expected: object, found: object) -> bool:
    """Whether an expected value says what was found: numbers by value, lists one by one, texts as they are."""
    if isinstance(found, OneOf):
        return found.fits(expected)
    if isinstance(found, _Summed) and not isinstance(expected, list):
        return same(expected, found.total)
    if isinstance(found, _Shared) and not isinstance(expected, list):
        return all(same(expected, one) for one in found)
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, list):
        many = found if isinstance(found, list) else [found]
        return len(expected) == len(many) and all(map(same, expected, many))
    if isinstance(found, list):
        return False
    left, right = _number(expected), _number(found)
    if left is not None and right is not None and not (isinstance(expected, str) and isinstance(found, Code)):
        return left == right
    return str(expected) == str(found)


class Code(str):
    """A text of digits that is no number: ``000180831``."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class OneOf:
    """Codes of which an expected text names all (``1 or C``), perhaps with those of the other lines."""

    codes: frozenset[str]
    others: frozenset[str] = frozenset()

    def fits(self, expected: object) -> bool:
        """Whether the text names just these codes."""
        named = {
            word
            for word in str(expected).replace(",", " ").replace("/", " ").split()
            if word not in ("or", "ou", "else")
        }
        return named in (set(self.codes), set(self.codes | self.others))

    def __str__(self) -> str:
        return " or ".join(sorted(self.codes)) + (
            f" ({', '.join(sorted(self.others))} on the others)" if self.others else ""
        )


def shown(value: object) -> str:
    """A value as a person reads it."""
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text if text else "(nothing)"


def _number(value: object) -> Decimal | None:
    if isinstance(value, int):
        return Decimal(value)
    try:
        return Decimal(str(value)) if str(value)[:1].isdigit() or str(value)[:1] == "-" else None
    except ArithmeticError:
        return None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a case asks: the words of its kind, its input, by which tables."""

    words: Words
    read: Input
    tables: Tables


def _priced(asked: Asked) -> Found:
    words, read, tables = asked.words, asked.read, asked.tables
    case = facts_of_case(words, read, tables, DEFAULT_DAY)
    facts = case.facts
    bases, amounts = valued(facts, tables)
    days = [tables.on(line.date) for line in facts.lines]

    def each(of: Callable[[Any], object]) -> Callable[[], object]:
        return lambda: _together([of(one) for one in amounts])

    def summed(of: Callable[[Any], int]) -> Callable[[], object]:
        return lambda: _amounts([of(one) for one in amounts])

    def kept(code: str) -> Callable[[], object]:
        return lambda: euros(sum(one.amount for one in taken() if one.code == code))

    def taken() -> Sequence[Any]:
        return deductions(facts, amounts, tables, case.history, participation=case.participation)

    def refunded() -> object:
        return euros(sum(one.amo for one in amounts) - sum(one.amount for one in taken()))

    total = case.total if case.total is not None else sum(one.charged for one in amounts) + case.beside

    def exceeded() -> object:
        return _together([bool(one) for one in over_threshold(bases, days[0])])

    found: dict[str, Callable[[], object]] = {
        "PU": summed(lambda one: one.unit),
        "BR": summed(lambda one: one.base),
        "taux": each(lambda one: one.rate),
        "AMO": summed(lambda one: one.amo),
        "MRO": summed(lambda one: one.amo),
        "AMO_avant_PF": summed(lambda one: one.amo),
        "AMC": summed(lambda one: one.amc),
        "MRC": summed(lambda one: one.amc),
        "MTM": summed(lambda one: one.reduction),
        "TMF": summed(lambda one: one.flat),
        "TM": summed(lambda one: one.base - percent(one.base, one.rate)),
        "honoraires": summed(lambda one: one.charged),
        "rac": summed(lambda one: one.rest),
        "exo": each(lambda one: Code(one.exoneration)),
        "participation": each(lambda one: one.participation),
        "qualificatif": each(lambda one: one.qualifier),
        "depassement": summed(lambda one: max(one.charged - one.base, 0)),
        "majoration": lambda: _amounts([one.majoration for one in bases]),
        "montant": lambda: _amounts([one.majoration for one in bases]),
        "total": lambda: euros(total),
        "facture_total": lambda: euros(total),
        "PF": kept("PF"),
        "pf": kept("PF"),
        "franchise": kept("FR"),
        "remboursement": refunded,
        "AMO_apres_PF": refunded,
        "seuil_depasse": exceeded,
        "coef": each_coefficient(facts),
        "DA_max": lambda: _amounts(
            [_overrun(one.base, day.overrun) for one, day in zip(amounts, days, strict=True)]
        ),
    }
    for number, name in enumerate(("M1", "M2", "M3")):
        found[name] = _part(bases, number, case)
    return found


def each_coefficient(facts: SheetFacts) -> Callable[[], object]:
    """The coefficient of each line: of the CCAM that of its modifiers together."""

    def found() -> object:
        return _together(
            [
                modifiers_together(line.given.coefficients)
                if line.given is not None and line.given.coefficients
                else line.coefficient
                for line in facts.lines
            ]
        )

    return found


def _part(bases: Sequence[Based], number: int, case: CaseFacts) -> Callable[[], object]:
    def found() -> object:
        parts = []
        for one in bases:
            given = one.line.given
            if not one.technical or given is None or given.base is not None:
                raise TariffError("an act of the CCAM with its price has such a part, nothing else")
            made = ccam_base(
                one.unit,
                given.coefficients,
                given.flats,
                case.association(one),
                given.extra,
                given.transition,
            )
            parts.append((made.m1, made.m2, made.m3)[number])
        return _amounts(parts)

    return found


def _together(values: list[object]) -> object:
    """One value where all lines share it, else the list."""
    return values[0] if len(values) == 1 else _Shared(values)


class _Shared(list[object]):
    """A value for each line; a single expected value stands for all."""


def _amounts(values: list[int]) -> object:
    return euros(values[0]) if len(values) == 1 else _Summed(values)


class _Summed(list[object]):
    """An amount for each line; a single expected one is their sum."""

    def __init__(self, values: list[int]) -> None:
        super().__init__(map(euros, values))
        self.total = euros(sum(values))


def _overrun(base: int, rate: Decimal | None) -> int:
    if rate is None:
        raise TariffError("no dépassement autorisé holds on this day")
    euro = (base * rate / 10_000).to_integral_value(ROUND_CEILING)
    return int(euro) * 100


def _majored(asked: Asked) -> Found:
    words, read, tables = asked.words, asked.read, asked.tables
    unit, coefficient = read.cents("PU"), read.decimal("coef", Decimal(1))
    forfait = read.optional_cents("forfait") or 0
    letter = read.text("maj", "N")
    if letter not in ("N", "F", "U"):
        raise TariffError(f"maj {letter[:5]!r}: N, F or U was expected")
    day = tables.on(read.day("date", DEFAULT_DAY))
    kind = read.text("type", "")
    percentage = kind != "forfait" and words.percentage and words.speciality not in AUXILIARIES
    quantity = read.integer("qte", 1)
    made = majoration(unit, coefficient, letter, forfait, percentage=percentage, day=day)

    def of(value: int | None) -> Callable[[], object]:
        def found() -> object:
            if value is None:
                raise TariffError("the majoration is not of the percentage type")
            return euros(value)

        return found

    return {
        "pct": of(made.share),
        "plafond": of(made.most),
        "forfait": of(made.forfait),
        "montant": of(made.amount),
        "majoration": of(made.amount),
        "BR": lambda: euros(ngap_base(unit, coefficient, quantity, made.amount)),
    }


def _overrun_case(asked: Asked) -> Found:
    read, tables = asked.read, asked.tables
    day = tables.on(read.day("date", DEFAULT_DAY))
    bases = read.many_cents("BR")
    return {
        "DA_max": lambda: _amounts([_overrun(base, day.overrun) for base in bases]),
        "BR": lambda: _amounts(bases),
    }


def _complement(asked: Asked) -> Found:
    read, tables = asked.read, asked.tables
    code = read.text("act")
    around = read.day("date", _known_year(code, tables))
    department = read.text("departement", "")
    when = moment(read.text("when"), around, department)
    speciality = read.optional_integer("specialite")

    def found() -> object:
        return automatic_complement(
            code, when, tables.on(when.date()), speciality=speciality, department=department
        )

    return {"complement": found}


def _known_year(code: str, tables: Tables) -> date:
    """The first day of a year in which the act has a price: the present one, else the last that it had."""
    if tables.on(DEFAULT_DAY).has_letter(code):
        return DEFAULT_DAY
    ends = [
        row.origin.last for row in tables.rows("ngap") if row.code == code and row.origin.last is not None
    ]
    return max(ends) - timedelta(days=365) if ends else DEFAULT_DAY


def _accident(asked: Asked) -> Found:
    read = asked.read
    number = read.text("numero", "") or read.text("number", "")
    day = read.optional_day("date")
    return {"field": lambda: Code(accident_field(number, day))}


def _amc(asked: Asked) -> Found:
    read = asked.read
    top, amount = read.text("top", ""), read.cents("MRC")
    return {"field": lambda: Code(amc_field(top, amount))}


def _nir(asked: Asked) -> Found:
    read = asked.read
    nir = anonymous_nir(read.text("sexe"), read.text("caisse"), read.text("cas"))
    return {"NIR": lambda: Code(nir.number), "cle": lambda: Code(nir.key), "key": lambda: Code(nir.key)}


def _placement(asked: Asked) -> Found:
    """Two acts, of which all, one or none is as the input says; for the threshold both of the NGAP and of the CCAM."""
    words, read, tables = asked.words, asked.read, asked.tables
    regime = read.text("regime", words.regime).zfill(2)
    situations = set(words.situations) | read.situations("mtm") | read.situations("situation")
    ald, threshold = read.text("ald", ""), read.text("seuil", "")
    codes = read.many_texts("exo")
    day = read.day("date", DEFAULT_DAY)
    if codes:
        lines, invoice = placed(codes, SheetFacts((), regime=regime, situations=frozenset(situations)))
        return {
            "acte": lambda: _together([Code(one) for one in lines]),
            "facture": lambda: Code(invoice),
        }
    concerned = _how_many(ald or threshold, "ald" if ald else "seuil")
    if ald and threshold:
        raise TariffError("ald and seuil together: one of them was expected")
    on_acts: set[str] = set()
    on_others: set[str] = set()
    invoice = ""
    for variant in _VARIANTS if threshold else _VARIANTS[:1]:
        acts = tuple(
            replace(
                _PLAIN,
                date=day,
                exoneration="4" if ald and place < concerned else "",
                **(variant if threshold and place < concerned else {}),
            )
            for place in range(2)
        )
        facts = SheetFacts(acts, 1, regime=regime, situations=frozenset(situations))
        _, amounts = valued(facts, tables)
        lines, invoice = placed([one.exoneration for one in amounts], facts)
        on_acts.update(lines[:concerned] or lines)
        on_others.update(lines[concerned:] if concerned else ())
    return {
        "acte": lambda: OneOf(frozenset(on_acts), frozenset(on_others)),
        "facture": lambda: Code(invoice),
    }


def _how_many(text: str, key: str) -> int:
    """Of two acts, how many *text* speaks of."""
    words = text.strip().lower()
    if words in ("all acts", "all", "tous", "toutes", "tous les actes", "every act", "true"):
        return 2
    if words in ("", "none", "no act", "no acts", "aucun", "aucune", "aucun acte", "false", "0"):
        return 0
    if words.startswith(
        ("some", "one", "part", "not all", "un ", "une", "certains", "at least", "au moins", "1", "mixed")
    ):
        return 1
    raise TariffError(f"{key} {text[:30]!r}: all acts, some acts or no act was expected")


def _variants() -> tuple[dict[str, Any], ...]:
    return (
        {"code": "K", "coefficient": Decimal(60), "given": Given(unit=192)},
        {"code": "", "given": Given(base=15000, technical=True, exempting="1")},
    )


_VARIANTS: Final = _variants()
_PLAIN: Final = Line("G", DEFAULT_DAY)

_FAMILIES: Final[Mapping[str, Callable[[Asked], Found]]] = {
    "price": _priced,
    "majoration": _majored,
    "overrun": _overrun_case,
    "complement": _complement,
    "accident": _accident,
    "amc-field": _amc,
    "nir": _nir,
    "placement": _placement,
}
