"""The care sheet (*feuille de soins électronique*): who cared for whom, under which rights, with which acts.

Frozen values; a sheet that exists is valid by itself. Tariffs, lots and B2 are not its business.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Unpack

from bifente.codes.specialities import profession_of
from bifente.fse.errors import InvalidSheet, MaySignNoSheet, RightsRefused, UnknownSituation
from bifente.fse.sheet.acts import (
    AT_MP,
    EARLIEST,
    MATERNITY,
    MAX_LINE_CENTS,
    NATURES,
    NO_THIRD_PARTY,
    PATHWAYS,
    Accident,
    Act,
    Circumstances,
    ComplementarySource,
    Prescriber,
    RightsOrigin,
    SheetMode,
    ThirdParty,
    check_exoneration,
)
from bifente.fse.sheet.rights import Problem, ProblemKind, Rights, rights_at
from bifente.ssv.groups import Group

VERSION: Final = 3
CERTIFIED: Final = 4
VERSIONS: Final = (1, 2, 3, CERTIFIED)
"""The form of a sheet: what it says and what is signed with it. 1 and 2 are read still, 3 is written; 4 says what 3 says, and a
Vitale 1 has certified it by a MAC, where a Vitale 2 signs."""

MAX_ACTS: Final = {1: 3, 2: 3}
"""How many acts a sheet of the first versions has at most."""

MAX_LINES: Final = 979
"""How many records 4 and 4M the acts of a sheet take at most, from version 3 on.

Record 5 counts up to 999 records 4x (columns 39–41; spec/fse.md §1.1, corrections 13); the only public limit of a file is
990 records (CALEB, §1.1), of which up to eleven are not lines (000, 1, 2, 2S, 2M, 2P, 2B, 2C, 5, 6, 999). So whatever
a sheet bills, it fits into one invoice and one file.
"""

MAX_NUMBER: Final = 999_999_999
MAX_SITUATION: Final = 255

_CPF: Final = "1"
_CARD_TYPES: Final = ("0", _CPF, "2", "3")
_MAY_NOT: Final = "0"
"""Of fields 2.20 and 2.21: no *habilitation*."""
_DECIDING_CODES: Final = (("speciality", 2), ("may_sign_sheets", 1), ("may_sign_lots", 1))
"""Codes by which a rule decides, and their digits (SSV group 2, fields 2.14, 2.20 and 2.21); empty when not given."""


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
        return cls(
            card_type=group["type de carte PS"],
            id_type=group["type d'identification nationale"],
            national_id=group["numéro d'identification nationale"],
            id_key=group["clé du numéro d'identification nationale"],
            civility=group["code civilité"],
            family_name=group["nom du PS"],
            given_name=group["prénom du PS"],
        )


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
        return cls(
            number=situation_number(group),
            practice_mode=group["mode d'exercice"],
            status=group["statut d'exercice"],
            sector=group["secteur d'activité"],
            structure_id_type=group["type d'identification structure"],
            structure_id=group["numéro d'identification structure"],
            structure_id_key=group["clé du numéro d'identification structure"],
            structure_name=group["raison sociale structure"],
            billing_id=group["numéro d'identification de facturation du PS"],
            billing_id_key=group["clé du numéro d'identification de facturation du PS"],
            substitute_id=group["numéro d'identification du PS remplaçant"],
            substitute_id_key=group["clé du numéro d'identification du PS remplaçant"],
            convention=group["code conventionnel"],
            speciality=group["code spécialité"],
            tariff_zone=group["code zone tarifaire"],
            ik_zone=group["code zone IK"],
            agreement_1=group["code agrément 1"],
            agreement_2=group["code agrément 2"],
            agreement_3=group["code agrément 3"],
            may_sign_sheets=group["habilitation à signer une facture"],
            may_sign_lots=group["habilitation à signer un lot"],
        )


@dataclass(frozen=True, slots=True)
class CareSheet:
    """A care sheet before its signatures.

    ``care_date`` is the day by which rights and certificates are judged; no act is later. ``accepted`` names the
    problems of the rights that the professional chose to accept: the caisse reads them. What the rights lack on the
    care date or on the day of an act is always among them. ``version`` is the form in which it is written; one of
    version 1 does not say which rights were in force on earlier days, and before version 3 a sheet has up to three
    acts of the NGAP and none of the circumstances.

    ``nature`` is the *nature d'assurance*, ``pathway`` the letter of the *parcours de soins*, ``maternity`` the date of
    maternity, ``prepared_by`` the card that opened the Vitale when it was not the signer's: *issuer/number*.

    Raises InvalidSheet, of which MaySignNoSheet is one.
    """

    number: int
    care_date: date
    professional: Professional
    situation: BillingSituation
    rights: Rights
    acts: tuple[Act, ...]
    accepted: tuple[ProblemKind, ...] = ()
    version: int = VERSION
    nature: str = "10"
    exoneration: str = "0"
    pathway: str = ""
    prescriber: Prescriber | None = None
    prescribed: date | None = None
    accident: Accident | None = None
    maternity: date | None = None
    third_party: ThirdParty = NO_THIRD_PARTY
    mode: SheetMode = SheetMode.SECURED
    rights_origin: RightsOrigin = RightsOrigin.VITALE
    prepared_by: str = ""

    def __post_init__(self) -> None:
        if self.version not in VERSIONS:
            raise InvalidSheet(
                f"version {self.version} of a sheet: {' and '.join(map(str, VERSIONS))} are known"
            )
        if self.version == CERTIFIED and self.mode is not SheetMode.SECURED:
            raise InvalidSheet(f"a sheet of version {CERTIFIED} is one that a Vitale 1 certifies")
        if self.version == 1 and self.rights.earlier:
            raise InvalidSheet("a sheet of version 1 says nothing of the rights on earlier days")
        check_professional(self.professional, self.situation)
        if not 1 <= self.number <= MAX_NUMBER:
            raise InvalidSheet(f"sheet number {self.number}: 1 to {MAX_NUMBER}")
        self._check_acts()
        self._check_circumstances()
        self._check_mode()
        for act in self.acts:
            if act.date > self.care_date:
                raise InvalidSheet(
                    f"act {act.code} of {act.date} is later than the care date {self.care_date}"
                )
        if list(self.accepted) != sorted(set(self.accepted), key=lambda kind: kind.value):
            raise InvalidSheet("accepted problems stand once each, in alphabetical order")
        if self.care_date < EARLIEST:
            raise InvalidSheet(f"care date {self.care_date.isoformat()}: there was no care sheet before 1998")
        days = {self.care_date} if self.version == 1 else {self.care_date, *(act.date for act in self.acts)}
        if not {one.day for one in self.rights.earlier} <= days - {self.care_date}:
            raise InvalidSheet("rights of a day on which there is no act")
        for day in sorted(days):
            missing = [kind.value for kind in self.rights.lacking(day) if kind not in self.accepted]
            if missing:
                raise InvalidSheet(f"rights on {day}: {', '.join(missing)}, and nobody has accepted that")

    def _check_acts(self) -> None:
        if self.version in MAX_ACTS:
            if not 1 <= len(self.acts) <= MAX_ACTS[self.version]:
                raise InvalidSheet(f"{len(self.acts)} acts: such a sheet has 1 to {MAX_ACTS[self.version]}")
            if not all(act.plain for act in self.acts):
                raise InvalidSheet(
                    f"a sheet of version {self.version} has acts of the NGAP without prices only"
                )
            return
        lines = sum(act.lines for act in self.acts)
        if not 1 <= lines <= MAX_LINES:
            raise InvalidSheet(
                f"acts of {lines} records: a sheet has 1 to {MAX_LINES} (4, and 4M for the CCAM)"
            )
        for act in self.acts:
            if act.amount > MAX_LINE_CENTS:
                raise InvalidSheet(f"amount {act.amount} of act {act.code}: at most {MAX_LINE_CENTS} cents")

    def _check_circumstances(self) -> None:
        said = [name for name, default in SINCE_3.items() if getattr(self, name) != default]
        if self.version < VERSION and said:
            raise InvalidSheet(f"a sheet of version {self.version} does not say its {', '.join(said)}")
        if self.nature not in NATURES:
            raise InvalidSheet(f"nature d'assurance {self.nature!r}: one of {', '.join(NATURES)}")
        check_exoneration(self.exoneration)
        if self.pathway and (len(self.pathway) != 1 or self.pathway not in PATHWAYS):
            raise InvalidSheet(f"pathway {self.pathway!r}: a letter of the parcours de soins, or nothing")
        if (self.nature == MATERNITY) != (self.maternity is not None):
            raise InvalidSheet("a date of maternity and the nature d'assurance 30 go together")
        if self.nature == AT_MP and self.accident is None:
            raise InvalidSheet("nature d'assurance 41 (accident du travail) without the accident")
        if self.accident is not None and self.accident.number and self.nature != AT_MP:
            raise InvalidSheet("a number of an accident du travail without the nature d'assurance 41")
        if self.prescribed is not None and self.prescriber is None:
            raise InvalidSheet("a date of prescription without a prescriber")
        for what, day in (
            ("prescription", self.prescribed),
            ("accident", self.accident.day if self.accident is not None else None),
        ):
            if day is not None and day > self.care_date:
                raise InvalidSheet(f"the {what} of {day} is later than the care date {self.care_date}")

    def _check_mode(self) -> None:
        insured, complementary = self.rights.insured, self.third_party.complementary
        if self.mode is SheetMode.SECURED:
            if self.rights_origin is RightsOrigin.TYPED:
                raise InvalidSheet("a secured sheet has no rights that were typed in")
            return
        if self.rights_origin is RightsOrigin.VITALE or insured.card_serial or insured.card_type:
            raise InvalidSheet("a sheet without Vitale names a Vitale as the source of its rights")
        if complementary is not None and complementary.source is ComplementarySource.VITALE:
            raise InvalidSheet(
                "a sheet without Vitale names a Vitale as the source of its complementary insurer"
            )
        if self.prepared_by:
            raise InvalidSheet("without a Vitale there is no card that opened it")

    @property
    def total(self) -> int:
        """Sum of the amounts, in euro cents."""
        return sum(act.amount for act in self.acts)


SINCE_3: Final = {
    "nature": "10",
    "exoneration": "0",
    "pathway": "",
    "prescriber": None,
    "prescribed": None,
    "accident": None,
    "maternity": None,
    "third_party": NO_THIRD_PARTY,
    "mode": SheetMode.SECURED,
    "rights_origin": RightsOrigin.VITALE,
    "prepared_by": "",
}
"""What a sheet says from version 3 on, and what earlier ones mean by not saying it."""


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
    rights_origin: RightsOrigin = RightsOrigin.VITALE,
    prepared_by: str = "",
    version: int = VERSION,
    **circumstances: Unpack[Circumstances],
) -> CareSheet:
    """Make a sheet from what the two cards say, and the *circumstances* of the acts.

    *professional* are SSV groups 1 and 2 of the CPS, *rights* groups 101 to 111 of the Vitale. *situation* is the
    logical number of a billing situation (the first when None), *beneficiary* the place on the card from 1. Rights
    are judged on the care date and on the day of each act; every problem refuses the sheet unless it is in *accept*.

    Raises UnknownSituation, MaySignNoSheet, UnknownBeneficiary, RightsRefused, InvalidSheet.
    """
    holder, chosen = _professional(professional, situation)
    check_professional(holder, chosen)
    found, accepted = judge_rights(rights, beneficiary, care_date, acts, accept=accept)
    return CareSheet(
        number=number,
        care_date=care_date,
        professional=holder,
        situation=chosen,
        rights=found,
        acts=tuple(acts),
        accepted=accepted,
        rights_origin=rights_origin,
        prepared_by=prepared_by,
        version=version,
        **circumstances,
    )


def draw_up_without_vitale(
    *,
    number: int,
    care_date: date,
    professional: Sequence[Group],
    rights: Rights,
    acts: Sequence[Act],
    situation: int | None = None,
    mode: SheetMode = SheetMode.WITHOUT_VITALE,
    **circumstances: Unpack[Circumstances],
) -> CareSheet:
    """Make a sheet of the mode F or D from what the CPS says and *rights* that were typed in.

    What these do not cover is accepted by that, and stands on the sheet. Raises UnknownSituation, MaySignNoSheet,
    InvalidSheet.
    """
    holder, chosen = _professional(professional, situation)
    days = sorted({care_date, *(act.date for act in acts)})
    lacking = {kind for day in days for kind in rights.lacking(day)}
    return CareSheet(
        number=number,
        care_date=care_date,
        professional=holder,
        situation=chosen,
        rights=rights,
        acts=tuple(acts),
        accepted=tuple(sorted(lacking, key=lambda kind: kind.value)),
        mode=mode,
        rights_origin=RightsOrigin.TYPED,
        **circumstances,
    )


def judge_rights(
    groups: Sequence[Group],
    beneficiary: int,
    care_date: date,
    acts: Sequence[Act],
    *,
    accept: Collection[ProblemKind],
) -> tuple[Rights, tuple[ProblemKind, ...]]:
    """The rights of a sheet with these *acts*, and what is wrong with them, as far as it is in *accept*.

    Raises UnknownBeneficiary, RightsRefused.
    """
    found, problems = rights_at(groups, beneficiary, care_date)
    for day in sorted({act.date for act in acts} - {care_date}):
        there, more = rights_at(groups, beneficiary, day)
        found = found.with_day(day, there)
        problems += more
    problems = tuple(dict.fromkeys(problems))
    refused = [problem for problem in problems if problem.kind not in accept]
    if refused:
        raise RightsRefused(refused)
    return found, _kinds(problems)


def check_professional(holder: Professional, situation: BillingSituation) -> None:
    """Raise InvalidSheet unless this kind of card may bill in this situation; MaySignNoSheet when 2.20 forbids it."""
    if holder.card_type not in _CARD_TYPES:
        raise InvalidSheet(
            f"type of card {holder.card_type!r}: one of {', '.join(_CARD_TYPES)} (G02) is expected"
        )
    if holder.card_type == _CPF:
        raise InvalidSheet("a CPF bills nothing: its holder is in training")
    if not 0 <= situation.number <= MAX_SITUATION:
        raise InvalidSheet(f"situation de facturation {situation.number}: 0 to {MAX_SITUATION}")
    for name, size in _DECIDING_CODES:
        # "00" or "1 " would stand in no table, and so pass by the rule of "0" or "01".
        code = getattr(situation, name)
        if code and not (len(code) == size and code.isascii() and code.isdigit()):
            raise InvalidSheet(
                f"{name} {code[:20]!r} of the situation de facturation: {size} digit(s), or nothing"
            )
    if situation.may_sign_sheets == _MAY_NOT:
        raise MaySignNoSheet(situation.number)
    if holder.card_type != "0" and profession_of(situation.speciality) is not None:
        raise InvalidSheet(
            f"a card of type {holder.card_type} has no profession: "
            f"the situation of speciality {situation.speciality} is not its holder's"
        )


def situation_number(group: Group) -> int:
    """The logical number of a billing situation: field 2.1, the only binary one of the SSV groups."""
    return int.from_bytes(group.raw("numéro logique de la situation"), "big")


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
