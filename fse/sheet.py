"""The care sheet (*feuille de soins électronique*): who cared for whom, under which rights, with which acts.

Frozen values; a sheet that exists is valid by itself. Tariffs, lots and B2 are not its business.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from bifente.fse.errors import InvalidSheet, MaySignNoSheet, RightsRefused, UnknownSituation
from bifente.fse.rights import Problem, ProblemKind, Rights, rights_at
from bifente.layouts.ssv_groups import Group

MAX_ACTS: Final = 3
MAX_NUMBER: Final = 999_999_999
MAX_CENTS: Final = 99_999_999

_CODE = re.compile(r"[A-Z][A-Z0-9]{0,4}")
_MAX_COEFFICIENT = Decimal("9999.99")


@dataclass(frozen=True, slots=True)
class Professional:
    """The holder of the CPS (SSV group 1)."""

    card_type: str
    id_type: str
    national_id: str
    id_key: str
    civility: str
    family_name: str
    given_name: str

    @classmethod
    def of(cls, group: Group) -> "Professional":
        """From group 1."""
        return cls(*(group[number] for number in range(1, 8)))


@dataclass(frozen=True, slots=True)
class BillingSituation:
    """A *situation de facturation* of the CPS (SSV group 2), as text but for its logical number."""

    number: int
    practice_mode: str
    status: str
    sector: str
    structure_id_type: str
    structure_id: str
    structure_id_key: str
    structure_name: str
    billing_id: str
    billing_id_key: str
    substitute_id: str
    substitute_id_key: str
    convention: str
    speciality: str
    tariff_zone: str
    ik_zone: str
    agreement_1: str
    agreement_2: str
    agreement_3: str
    may_sign_sheets: str
    may_sign_lots: str

    @classmethod
    def of(cls, group: Group) -> "BillingSituation":
        """From group 2."""
        return cls(situation_number(group), *(group[number] for number in range(2, 22)))


@dataclass(frozen=True, slots=True)
class Act:
    """An NGAP act: *lettre clé*, coefficient (up to two decimals), amount in euro cents, day of care."""

    code: str
    coefficient: Decimal
    amount: int
    date: date

    def __post_init__(self) -> None:
        if not _CODE.fullmatch(self.code):
            raise InvalidSheet(f"act code {self.code!r}: one capital letter and up to four letters or digits")
        coefficient = self.coefficient
        if not coefficient.is_finite() or not 0 < coefficient <= _MAX_COEFFICIENT:
            raise InvalidSheet(f"coefficient {coefficient}: above 0, at most {_MAX_COEFFICIENT}")
        if coefficient != coefficient.quantize(Decimal("0.01")):
            raise InvalidSheet(f"coefficient {coefficient}: at most two decimals")
        if not 0 <= self.amount <= MAX_CENTS:
            raise InvalidSheet(f"amount {self.amount}: 0 to {MAX_CENTS} cents")


@dataclass(frozen=True, slots=True)
class CareSheet:
    """A care sheet before its signatures.

    ``care_date`` is the day by which rights and certificates are judged; no act is later. ``accepted`` names the
    problems of the rights that the professional chose to accept: the caisse reads them. What the rights lack on the
    care date is always among them.
    """

    number: int
    care_date: date
    professional: Professional
    situation: BillingSituation
    rights: Rights
    acts: tuple[Act, ...]
    accepted: tuple[ProblemKind, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.number <= MAX_NUMBER:
            raise InvalidSheet(f"sheet number {self.number}: 1 to {MAX_NUMBER}")
        if not 1 <= len(self.acts) <= MAX_ACTS:
            raise InvalidSheet(f"{len(self.acts)} acts: a sheet has 1 to {MAX_ACTS}")
        for act in self.acts:
            if act.date > self.care_date:
                raise InvalidSheet(
                    f"act {act.code} of {act.date} is later than the care date {self.care_date}"
                )
        if list(self.accepted) != sorted(set(self.accepted), key=lambda kind: kind.value):
            raise InvalidSheet("accepted problems stand once each, in alphabetical order")
        missing = [kind.value for kind in self.rights.lacking(self.care_date) if kind not in self.accepted]
        if missing:
            raise InvalidSheet(
                f"rights on {self.care_date}: {', '.join(missing)}, and nobody has accepted that"
            )

    @property
    def total(self) -> int:
        """Sum of the amounts, in euro cents."""
        return sum(act.amount for act in self.acts)


def draw_up(
    *,
    number: int,
    care_date: date,
    professional: Sequence[Group],
    rights: Sequence[Group],
    acts: Sequence[Act],
    situation: int | None = None,
    beneficiary: int = 1,
    accept: Collection[ProblemKind] = (),
) -> CareSheet:
    """Make a sheet from what the two cards say.

    *professional* are SSV groups 1 and 2 of the CPS, *rights* groups 101 to 111 of the Vitale. *situation* is the
    logical number of a billing situation (the first when None), *beneficiary* the place on the card from 1. Rights
    are judged on the care date and on the day of each act; every problem refuses the sheet unless it is in *accept*.

    Raises UnknownSituation, MaySignNoSheet, UnknownBeneficiary, RightsRefused, InvalidSheet.
    """
    holder, chosen = _professional(professional, situation)
    if chosen.may_sign_sheets == "0":
        raise MaySignNoSheet(chosen.number)
    found, problems = rights_at(rights, beneficiary, care_date)
    for day in sorted({act.date for act in acts} - {care_date}):
        problems += rights_at(rights, beneficiary, day)[1]
    problems = tuple(dict.fromkeys(problems))
    refused = [problem for problem in problems if problem.kind not in accept]
    if refused:
        raise RightsRefused(refused)
    return CareSheet(
        number=number,
        care_date=care_date,
        professional=holder,
        situation=chosen,
        rights=found,
        acts=tuple(acts),
        accepted=_kinds(problems),
    )


def situation_number(group: Group) -> int:
    """The logical number of a billing situation: field 2.1, the only binary one of the SSV groups."""
    return int.from_bytes(group.fields[0], "big")


def _kinds(problems: Sequence[Problem]) -> tuple[ProblemKind, ...]:
    return tuple(sorted({problem.kind for problem in problems}, key=lambda kind: kind.value))


def _professional(groups: Sequence[Group], number: int | None) -> tuple[Professional, BillingSituation]:
    holder = next((group for group in groups if group.id == 1), None)
    if holder is None:
        raise InvalidSheet("the CPS names no holder (group 1)")
    situations = [group for group in groups if group.id == 2]
    for group in situations:
        if number is None or situation_number(group) == number:
            return Professional.of(holder), BillingSituation.of(group)
    raise UnknownSituation(number or 1, [situation_number(group) for group in situations])
