"""What a carte Vitale says of a bénéficiaire's rights on a given day.

The groups and their fields are those of the API SSV 4.03; dates are texts AAAAMMJJhhmm there, empty or zero when open,
and a period includes its last day.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from functools import lru_cache

from bifente.codes.dates import Period
from bifente.fse.errors import InvalidSheet, UnknownBeneficiary
from bifente.ssv.groups import Group
from bifente.ssv.people import BENEFICIARIES, PERIODS, Person, people


class ProblemKind(Enum):
    """What can be wrong with rights on a day; the values stand in sheets."""

    CARD_EXPIRED = "card-expired"
    RIGHTS_CLOSED = "rights-closed"
    NO_COVERAGE = "no-coverage"
    UNREADABLE_DATE = "unreadable-date"
    MUTUELLE_AND_AMC = "mutuelle-and-amc"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and a line about it."""

    kind: ProblemKind
    message: str


@dataclass(frozen=True, slots=True)
class Insured:
    """The assuré and the card (group 101). ``card_end`` is AAAAMMJJ or empty."""

    card_type: str
    card_serial: str
    card_end: str
    nir: str
    nir_key: str
    regime: str
    caisse: str
    centre: str
    management_code: str

    def __post_init__(self) -> None:
        _check_day("the card ends on", self.card_end)


@dataclass(frozen=True, slots=True)
class Beneficiary:
    """A bénéficiaire (group 104). ``number`` is the place on the card from 1; ``birth_date`` may not be in the calendar."""

    number: int
    usual_name: str
    birth_name: str
    given_name: str
    certified_nir: str
    certified_nir_key: str
    birth_date: str
    birth_rank: str
    quality: str
    amo_service: str

    def __post_init__(self) -> None:
        if not 1 <= self.number <= BENEFICIARIES:
            raise InvalidSheet(f"bénéficiaire {self.number}: a card has 1 to {BENEFICIARIES}")


@dataclass(frozen=True, slots=True)
class Coverage:
    """A couverture (group 106): its period, code ALD and code situation."""

    period: Period
    ald: str
    situation: str

    def __post_init__(self) -> None:
        _check_period(self.period)


@dataclass(frozen=True, slots=True)
class DayRights:
    """AMO rights and couverture on a day of care before the care date, where other ones were in force."""

    day: date
    amo: Period | None
    coverage: Coverage | None

    def __post_init__(self) -> None:
        _check_period(self.amo)


@dataclass(frozen=True, slots=True)
class Rights:
    """Rights of one bénéficiaire as they are on the care date; None where the card has nothing for that day.

    ``earlier`` has the days of acts on which others were in force, by date.
    """

    insured: Insured
    beneficiary: Beneficiary
    amo: Period | None
    coverage: Coverage | None
    earlier: tuple[DayRights, ...] = ()

    def __post_init__(self) -> None:
        _check_period(self.amo)
        days = [one.day for one in self.earlier]
        if days != sorted(set(days)):
            raise InvalidSheet("rights of earlier days stand once each, by date")

    def lacking(self, day: date) -> tuple[ProblemKind, ...]:
        """What these rights do not give on *day*: an ended card, closed rights, no code couverture in force."""
        there = next((one for one in self.earlier if one.day == day), None)
        amo, coverage = (self.amo, self.coverage) if there is None else (there.amo, there.coverage)
        today = compact(day)
        found = []
        if self.insured.card_end and today > self.insured.card_end:
            found.append(ProblemKind.CARD_EXPIRED)
        if amo is None or not amo.contains(day):
            found.append(ProblemKind.RIGHTS_CLOSED)
        if coverage is None or not coverage.period.contains(day):
            found.append(ProblemKind.NO_COVERAGE)
        return tuple(found)

    def with_day(self, day: date, other: "Rights") -> "Rights":
        """These rights with those of *day* beside them, which *other* says, where they are not the same."""
        if (other.amo, other.coverage) == (self.amo, self.coverage):
            return self
        earlier = (*self.earlier, DayRights(day, other.amo, other.coverage))
        return replace(self, earlier=tuple(sorted(earlier, key=lambda one: one.day)))


def compact(day: date) -> str:
    """AAAAMMJJ."""
    return f"{day.year:04}{day.month:02}{day.day:02}"


def _check_day(what: str, text: str) -> None:
    if text and not _is_day(text):
        raise InvalidSheet(f"{what} {text!r}: that is not a date AAAAMMJJ")


def _check_period(period: Period | None) -> None:
    """A period of a sheet is from day to day, AAAAMMJJ, or open. InvalidSheet."""
    if period is not None:
        _check_day("a period begins on", period.begin.text)
        _check_day("a period ends on", period.end.text)


@lru_cache(maxsize=4096)
def _is_day(text: str) -> bool:
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


def rights_at(groups: Sequence[Group], number: int, day: date) -> tuple[Rights, tuple[Problem, ...]]:
    """The rights of bénéficiaire *number* (from 1, in card order) on *day*, and what is wrong with them.

    Raises UnknownBeneficiary. Nothing else is refused here: a card with an expired right is a card.
    """
    problems: list[Problem] = []
    persons = people(groups)
    if not 1 <= number <= len(persons):
        raise UnknownBeneficiary(number, len(persons))
    person = persons[number - 1]
    today = compact(day)

    insured = _insured(next(group for group in groups if group.id == 101), problems)
    if insured.card_end and today > insured.card_end:
        problems.append(
            Problem(
                ProblemKind.CARD_EXPIRED, f"the carte Vitale ended on {insured.card_end}, care on {today}"
            )
        )
    periods = [period for group in person.of(105) for period in [_period(group, problems)] if period]
    amo = next((period for period in periods if period.contains(day)), None)
    if amo is None:
        known = (
            ", ".join(f"{one.begin.text or '…'} to {one.end.text or '…'}" for one in periods)
            or "none on the card"
        )
        problems.append(
            Problem(ProblemKind.RIGHTS_CLOSED, f"no AMO rights are open on {today} (periods: {known})")
        )
    covers = [
        Coverage(period, group["code ALD"], group["code situation"])
        for group in person.of(106)
        for period in [_period(group, problems)]
        if period
    ]
    coverage = next((one for one in covers if one.period.contains(day)), None)
    if coverage is None:
        problems.append(Problem(ProblemKind.NO_COVERAGE, f"no code couverture is in force on {today}"))
    if person.of(107) and person.of(109):
        problems.append(
            Problem(ProblemKind.MUTUELLE_AND_AMC, "mutuelle (107) and AMC (109) on one bénéficiaire (F0F0)")
        )
    return Rights(insured, _beneficiary(person), amo, coverage), tuple(dict.fromkeys(problems))


def beneficiaries(groups: Sequence[Group]) -> list[Beneficiary]:
    """All bénéficiaires of a card, in card order."""
    return [_beneficiary(person) for person in people(groups)]


def _insured(group: Group, problems: list[Problem]) -> Insured:
    return Insured(
        card_type=group["type de carte Vitale"],
        card_serial=group["numéro de série de la carte"],
        card_end=_day(group, "date de fin de validité de la carte", problems) or "",
        nir=group["NIR"],
        nir_key=group["clé NIR"],
        regime=group["code régime"],
        caisse=group["caisse gestionnaire"],
        centre=group["centre gestionnaire"],
        management_code=group["code gestion"],
    )


def _beneficiary(person: Person) -> Beneficiary:
    group = person.head
    return Beneficiary(
        number=person.number,
        usual_name=group["nom usuel"],
        birth_name=group["nom patronymique"],
        given_name=group["prénom"],
        certified_nir=group["NIR certifié"],
        certified_nir_key=group["clé NIR certifié"],
        birth_date=group["date de naissance"][:8],
        birth_rank=group["rang gémellaire"],
        quality=group["qualité"],
        amo_service=group["code service AMO bénéficiaire"],
    )


def _period(group: Group, problems: list[Problem]) -> Period | None:
    """The days of a period; None when one of them is not a date: it then covers no day."""
    begin, end = (_day(group, name, problems) for name in PERIODS[group.id])
    return None if begin is None or end is None else Period.parse(begin, end)


def _day(group: Group, name: str, problems: list[Problem]) -> str | None:
    """The AAAAMMJJ of a date field, empty when it is open. One that is not a date is reported: None."""
    text = group[name]
    if not text.strip("0 "):
        return ""
    if len(text) != 12 or not (text.isascii() and text.isdigit()):
        why = f"field {group.id}.{group.number(name)} is not a date of 12 digits"
    elif not _is_day(text[:8]):
        why = f"field {group.id}.{group.number(name)} is not a day of the calendar"
    else:
        return text[:8]
    problems.append(Problem(ProblemKind.UNREADABLE_DATE, why))
    return None
