"""Whom a patient's card is for, of either generation: the assuré, the bénéficiaires and their rights, or SSV groups as they are.

Names and order of the fields are those of the SSV groups (:mod:`bifente.ssv.groups`); a date may be written
2026-01-31, also one that is in no calendar, and nothing for an open end.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field, model_validator

from bifente.apdu.cvc import USAGE_AUTHENTICATION, Cha
from bifente.applets.perso.profile.fields import (
    LatinText,
    LooseText,
    NirKey,
    NirNumber,
    ProfileModel,
    matching,
)
from bifente.applets.perso.profile.model import CardProfile
from bifente.applets.perso.profile.wrongparts import WrongParts
from bifente.codes.nir import Nir
from bifente.ssv import wire
from bifente.ssv.errors import SsvError
from bifente.ssv.findings import FindingKind, findings
from bifente.ssv.groups import Group
from bifente.ssv.people import BENEFICIARIES, check_order, people

ISSUER = "8025000002"
"""The issuer number in the number of a Vitale: that of real cartes Vitale is not public, this one is ``synthetic``."""

_TEST_CATEGORY, _CATEGORY = 0x81, 0x01
"""G01: carte d'assuré, test or not."""

UNSET = "000000000000"
"""How a date field says that there is none."""


class Assure(ProfileModel):
    """Group 101 but for the card's own fields."""

    nir: NirNumber
    cle: NirKey | None = None
    """By default the right one."""
    regime: Annotated[str, matching(r"\d{2}", "two digits")] = "01"
    caisse: Annotated[str, matching(r"\d{3}", "three digits")] = "349"
    centre: Annotated[str, matching(r"\d{4}", "four digits")] = "9881"
    code_gestion: LatinText = "10"
    porteur: LatinText = "A"


class Service(ProfileModel):
    """An AMO service with its period (group 102, fields 15 to 17 of 104)."""

    code: LatinText = "00"
    debut: LooseText = UNSET
    fin: LooseText = UNSET


class WorkAccident(ProfileModel):
    """One of the three risks of group 103."""

    organisme: Annotated[str, matching(r"\d{9}", "régime, caisse and centre, nine digits")] = "000000000"
    code_bgdh: LatinText = ""
    identifiant: LatinText = "0"


class ProfilePeriod(ProfileModel):
    """Groups 105 and 108."""

    debut: LooseText
    fin: LooseText = ""


class ProfileCoverage(ProfileModel):
    """Group 106."""

    debut: LooseText = ""
    fin: LooseText = ""
    ald: Annotated[str, matching(r"\d", "one digit")] = "0"
    situation: Annotated[str, matching(r"\d{4}", "four digits")] = "0100"


class Mutuelle(ProfileModel):
    """Group 107, and its periods 108."""

    identification: Annotated[str, matching(r"\d{8}", "8 digits")]
    garanties: Annotated[str, matching(r"[ON]{8}", "eight letters O or N")] = "OOOOOOOO"
    indicateur: LatinText = "00"
    type_services: LatinText = ""
    services: LatinText = ""
    sts: LatinText = ""
    droits: list[ProfilePeriod] = Field(default_factory=list)


class Complementaire(ProfileModel):
    """Group 109."""

    numero_b2: LatinText
    numero_edi: LatinText = ""
    adherent: LatinText = ""
    indicateur: LatinText = "00"
    debut: LooseText = ""
    fin: LooseText = ""
    routage: LatinText = ""
    hote: LatinText = ""
    domaine: LatinText = ""
    sts: LatinText = ""
    type_services: LatinText = ""
    services: LatinText = ""


class Beneficiaire(ProfileModel):
    """Group 104 and the groups of its rights."""

    nom: Annotated[LatinText, Field(min_length=1)]
    nom_patronymique: LatinText = ""
    prenom: LatinText
    adresse: Annotated[list[LatinText], Field(max_length=5)] = Field(default_factory=list)
    """Lines 1 to 5: chez, résidence, voie, lieu-dit, code postal et localité."""
    nir: NirNumber | None = None
    """NIR certifié."""
    cle: NirKey | None = None
    certifie: LooseText = UNSET
    date_naissance: LooseText
    rang: Annotated[str, matching(r"\d", "one digit")] = "1"
    qualite: Annotated[str, matching(r"\d", "one digit")] = "0"
    service: Service = Service()
    ruf: LatinText = ""
    droits: list[ProfilePeriod] = Field(default_factory=list)
    couvertures: list[ProfileCoverage] = Field(default_factory=list)
    mutuelle: Mutuelle | None = None
    complementaire: Complementaire | None = None
    zone_commune: LatinText | None = None
    """Group 111."""

    @model_validator(mode="after")
    def _one_complementary(self) -> Self:
        if not self.droits and not self.couvertures:
            raise ValueError("a bénéficiaire has a period of droits or of couvertures")
        return self


class SsvGroup(ProfileModel):
    """A group as the SSV interface has it: all its fields as texts."""

    group: int
    fields: list[str]


class InsuredProfile(CardProfile):
    """A patient's card: either ``assure`` and ``beneficiaires``, or ``groups``."""

    serial: Annotated[str, matching(r"\d{8,9}", "8 or 9 digits")] | None = None
    """By default that of group 101, or random."""
    assure: Assure | None = None
    service_famille: Service | None = None
    accidents_travail: Annotated[list[WorkAccident], Field(max_length=3)] = Field(default_factory=list)
    beneficiaires: Annotated[list[Beneficiaire], Field(max_length=BENEFICIARIES)] = Field(
        default_factory=list
    )
    groups: list[SsvGroup] = Field(default_factory=list)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        readable = self.assure is not None and bool(self.beneficiaires)
        if readable == bool(self.groups) or (self.groups and (self.assure or self.beneficiaires)):
            where = ("groups",) if self.groups else ("assure",) if self.assure else ("beneficiaires",)
            raise WrongParts(
                (where, "a carte Vitale has assure and beneficiaires, or groups instead of both")
            )
        try:
            check_order(self.ssv_groups())
        except SsvError as error:
            raise WrongParts((self._wrong_group(error), str(error))) from None
        return self

    def own_serial(self) -> str | None:
        """That of the groups, when the profile has them as they are."""
        text = self.ssv_groups()[0]["numéro de série de la carte"] if self.groups else ""
        return text if len(text) in (8, 9) and text.isascii() and text.isdigit() else None

    def notes(self) -> list[str]:
        """NIRs that are not what they should be."""
        return [
            f"{one.group}.{one.field}: {one.message}"
            for one in findings(self.ssv_groups())
            if one.kind in (FindingKind.NIR_KEY, FindingKind.CERTIFIED_NIR_KEY, FindingKind.NIR_SHAPE)
        ]

    def _wrong_group(self, error: SsvError) -> tuple[str | int, ...]:
        """Which of ``groups`` *error* is about: the last of the first ones that have it too."""
        given = [group.model_dump() for group in self.groups]
        for at in range(len(given)) if error.group is not None else ():
            try:
                check_order(wire.from_json(given[: at + 1]))
            except SsvError as found:
                if str(found) == str(error):
                    return ("groups", at)
        return ("groups" if given else "beneficiaires",)

    def ssv_groups(self) -> list[Group]:
        """All groups of the card in their order. Serial and end of validity are empty while they are not known."""
        if self.groups:
            return wire.from_json([group.model_dump() for group in self.groups])
        assert self.assure is not None
        groups = [self._first(self.assure)]
        if self.service_famille is not None:
            service = self.service_famille
            groups.append(Group.of(102, service.code, service.debut, service.fin))
        if self.accidents_travail:
            risks = [*self.accidents_travail, WorkAccident(), WorkAccident()][:3]
            fields = [text for risk in risks for text in (risk.organisme, risk.code_bgdh, risk.identifiant)]
            groups.append(Group.of(103, *fields))
        for beneficiary in self.beneficiaires:
            groups += _beneficiary(beneficiary)
        return groups

    def _first(self, assure: Assure) -> Group:
        fields = {
            "type de carte Vitale": "T" if self.test else "",
            "numéro de série de la carte": self.serial or "",
            "date de fin de validité de la carte": f"{self.expires:%Y%m%d}0000" if self.expires else "",
            "type d'identification du porteur": assure.porteur,
            "NIR": assure.nir,
            "clé NIR": assure.cle or _key(assure.nir),
            "code régime": assure.regime,
            "caisse gestionnaire": assure.caisse,
            "centre gestionnaire": assure.centre,
            "code gestion": assure.code_gestion,
        }
        return Group.of(101, **fields)


def _beneficiary(person: Beneficiaire) -> list[Group]:
    nir = person.nir or ""
    service = person.service
    fields = {
        "nom usuel": person.nom,
        "nom patronymique": person.nom_patronymique,
        "prénom": person.prenom,
        **{f"adresse ligne {number}": line for number, line in enumerate(person.adresse, 1)},
        "NIR certifié": nir,
        "clé NIR certifié": person.cle or (_key(nir) if nir else "00"),
        "date de certification du NIR": person.certifie,
        "date de naissance": person.date_naissance,
        "rang gémellaire": person.rang,
        "qualité": person.qualite,
        "code service AMO bénéficiaire": service.code,
        "date de début du service AMO bénéficiaire": service.debut,
        "date de fin du service AMO bénéficiaire": service.fin,
        "RUF AMO bénéficiaire": person.ruf,
    }
    groups = [Group.of(104, **fields)]
    groups += _periods(105, person.droits)
    groups += [
        Group.of(106, cover.debut, cover.fin, cover.ald, cover.situation) for cover in person.couvertures
    ]
    if (mutuelle := person.mutuelle) is not None:
        groups.append(
            Group.of(
                107,
                mutuelle.identification,
                mutuelle.garanties,
                mutuelle.indicateur,
                mutuelle.type_services,
                mutuelle.services,
                mutuelle.sts,
            )
        )
        groups += _periods(108, mutuelle.droits)
    if person.complementaire is not None:
        groups.append(Group.of(109, *person.complementaire.model_dump().values()))
    if person.zone_commune is not None:
        groups.append(Group.of(111, person.zone_commune))
    return groups


def _periods(group: int, periods: Sequence[ProfilePeriod]) -> list[Group]:
    return [Group.of(group, period.debut, period.fin) for period in periods]


def _key(nir: str) -> str:
    return Nir(nir).compute_key() or "00"


def vitale_cha(*, test: bool, usage: int = USAGE_AUTHENTICATION) -> Cha:
    """The authorisation of a patient's card."""
    return Cha.vitale(_TEST_CATEGORY if test else _CATEGORY, usage)


def holder(groups: Sequence[Group]) -> Group:
    """The person on the card's face: the assuré when he is among the beneficiaries, else the first of them."""
    heads = [person.head for person in people(groups)]
    return next((head for head in heads if head["qualité"] == "0"), heads[0])


def shaped_nir(number: str, key: str) -> str:
    """Thirteen and two characters: too many are cut, 0 stands for those that are missing or are not of a NIR."""
    shaped = number.upper()[:13].ljust(13, "0") + key.upper()[:2].ljust(2, "0")
    return re.sub("[^0-9A-Z]", "0", shaped)
