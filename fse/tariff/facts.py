"""What a price depends on: the lines that are billed, who bills, who is cared for and under which circumstances."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Final, NamedTuple

ONE: Final = Decimal(1)


class Situation(Enum):
    """What of a beneficiary's situation changes who pays (FIDES VF, VF34 and VF35)."""

    C2S = "C2S"
    """Complémentaire santé solidaire: the complementary pays what the assurance maladie does not."""
    AME = "AME"
    """Aide médicale de l'État."""
    ASPA = "ASPA"
    """Allocation de solidarité aux personnes âgées."""
    RLAM = "RLAM"
    """Régime local Alsace-Moselle, or frontalier."""
    RENTE_AT = "RENTE-AT"
    EXONERATED = "EXONERATED"
    """Pension militaire, invalidité, bénéficiaire exonéré."""
    DETAINEE = "DETAINEE"


@dataclass(frozen=True, slots=True)
class Given:
    """What is stated of a line in the place of what the tables say: a price on a devis, a worked example.

    Amounts in cents. ``coefficients`` and ``flats`` are those of CCAM modifiers, ``association`` the coefficient.
    """

    unit: int | None = None
    base: int | None = None
    rate: int | None = None
    coefficients: tuple[Decimal, ...] = ()
    flats: tuple[int, ...] = ()
    association: Decimal | None = None
    transition: Decimal = ONE
    """CT, the *coefficient de transition* (or of a DOM) on the whole base."""
    extra: int = 0
    """The *supplément de charges en cabinet*."""
    forfait: int | None = None
    """Of the majoration."""
    percentage: bool | None = None
    """Whether the majoration is of the percentage type."""
    technical: bool = False
    """Whether the line is a CCAM act although no code says so."""
    exempting: str | None = None
    category: str | None = None
    grouping: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One act, as record 4 has it. ``charged`` is what is asked for the line, in cents; None: the base."""

    code: str
    date: date
    coefficient: Decimal = ONE
    quantity: int = 1
    complement: str = ""
    qualifier: str = ""
    activity: str = "1"
    phase: str = "0"
    modifiers: tuple[str, ...] = ()
    association: str = ""
    technical: bool = False
    """An act of the CCAM."""
    exoneration: str = ""
    """What the professional has ticked for this act: 3 soins particuliers, 4 ALD, 7 prévention; empty for the sheet's."""
    charged: int | None = None
    given: Given | None = None


@dataclass(frozen=True, slots=True)
class SheetFacts:
    """What all lines of a sheet have in common.

    ``speciality`` is the *code spécialité* as a number, None when not known; ``zone`` antilles, guyane-reunion, mayotte or
    empty; ``nature`` the *nature d'assurance*; ``pathway`` the IPS letter; ``age`` in years on the day of care;
    ``complementary`` whether a complementary insurer is asked to pay its part.
    """

    lines: tuple[Line, ...]
    speciality: int | None = None
    grid: str = ""
    zone: str = ""
    regime: str = "01"
    nature: str = "10"
    exoneration: str = "0"
    pathway: str = ""
    situations: frozenset[Situation] = frozenset()
    contract: str = ""
    """*Contrat particulier* of the SNCF (18 to 25), else empty."""
    age: int | None = None
    complementary: bool = True


class Amounts(NamedTuple):
    """What the tariff says of a line, in cents: the names that ``fse.sheet.acts.Price`` has mean the same.

    ``amo`` is before participation and franchises, ``amc`` what the complementary is asked for, ``charged`` what was
    asked for the line.
    """

    unit: int
    base: int
    rate: int
    amo: int
    amc: int
    reduction: int
    flat: int
    exoneration: str
    participation: str
    qualifier: str
    charged: int
    grouping: str = ""
    """The *code prestation* of an act of the CCAM; empty for the NGAP."""

    @property
    def rest(self) -> int:
        """What is left to the patient before participation and franchises."""
        return self.charged - self.amo - self.amc
