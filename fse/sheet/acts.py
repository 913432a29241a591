"""What a care sheet bills, and under which circumstances: acts, prices, prescriber, accident, third-party payment.

Frozen values that refuse what no field of the norm could hold. Clauses: spec/fse.md §1.2 (records of B2), §1.5 (their
values), §4.4 (letters of the *parcours de soins*).
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Final, TypedDict

from bifente.fse.errors import InvalidSheet

EARLIEST: Final = date(1998, 1, 1)
"""No care sheet is older: the first carte Vitale was given out in 1998."""

MAX_CENTS: Final = 99_999_999
MAX_LINE_CENTS: Final = 9_999_999
"""An amount of record 4 has seven columns."""

MAX_QUANTITY: Final = 99
"""Record 4, columns 79 and 80."""

NATURES: Final = ("10", "13", "30", "41", "90")
"""*Nature d'assurance* (record 2, columns 77 and 78): maladie, régime local, maternité, AT/MP, prévention."""
MATERNITY: Final = "30"
AT_MP: Final = "41"

EXONERATIONS: Final = "012345679C"
"""*Justification d'exonération du ticket modérateur* (record 2 column 79, record 4 column 54)."""

PATHWAYS: Final = "ABCDEFGHIJKLMNOPRSTUVWXYZ"
"""Letters of the *indicateur de parcours de soins*: spec/fse.md §4.4, and M (corrections 13). Empty: not concerned."""

_NGAP = re.compile(r"[A-Z][A-Z0-9]{0,4}")
_CCAM = re.compile(r"[A-Z]{4}[0-9]{3}")
_GROUPING = re.compile(r"([A-Z][A-Z0-9]{0,4})?")
_SIGN = re.compile(r"[A-Z0-9]")
_LETTER = re.compile(r"[A-Z]?")
_TOOTH = re.compile(r"[1-8][1-8]")
_MAX_COEFFICIENT = Decimal("9999.99")
_MAX_MODIFIERS, _MAX_TEETH = 4, 16
_CONTRACTS: Final = ("", "85", "87", "88", "89", "99")
_PARTICIPATIONS: Final = ("", "A", "R", "L")


def _refuse(wrong: bool, what: str) -> None:
    if wrong:
        raise InvalidSheet(what)


def _cents(name: str, value: int, highest: int = MAX_LINE_CENTS) -> None:
    _refuse(not 0 <= value <= highest, f"{name} {value}: 0 to {highest} cents")


@dataclass(frozen=True, slots=True)
class Ccam:
    """What a technical act of the CCAM says beyond its code (record 4M, spec/fse.md §1.2).

    ``activity`` 1 to 5, ``phase`` a digit, up to four ``modifiers``, ``association`` 1 to 5 or empty, ``documentary``
    the *extension documentaire*, up to sixteen ``teeth`` of two digits, ``grouping`` the *code prestation* by which
    record 4 bills it (ADC, ATM …), empty where the tariff is asked for it. Raises InvalidSheet.
    """

    activity: str = "1"
    phase: str = "0"
    modifiers: tuple[str, ...] = ()
    association: str = ""
    documentary: str = ""
    teeth: tuple[str, ...] = ()
    grouping: str = ""

    def __post_init__(self) -> None:
        _refuse(self.activity not in tuple("12345"), f"activity {self.activity!r} of a CCAM act: 1 to 5")
        _refuse(self.phase not in tuple("0123456789"), f"phase {self.phase!r} of a CCAM act: one digit")
        _refuse(
            len(self.modifiers) > _MAX_MODIFIERS, f"{len(self.modifiers)} modifiers: at most {_MAX_MODIFIERS}"
        )
        for modifier in self.modifiers:
            _refuse(not _SIGN.fullmatch(modifier), f"modifier {modifier!r}: one capital letter or digit")
        _refuse(len(set(self.modifiers)) < len(self.modifiers), "a modifier stands once")
        _refuse(
            self.association not in ("", *"12345"), f"association {self.association!r}: 1 to 5, or nothing"
        )
        _refuse(
            bool(self.documentary) and not _SIGN.fullmatch(self.documentary),
            f"extension documentaire {self.documentary!r}: one capital letter or digit",
        )
        _refuse(len(self.teeth) > _MAX_TEETH, f"{len(self.teeth)} teeth: at most {_MAX_TEETH}")
        for tooth in self.teeth:
            _refuse(not _TOOTH.fullmatch(tooth), f"tooth {tooth!r}: two digits from 1 to 8")
        _refuse(
            not _GROUPING.fullmatch(self.grouping), f"code prestation {self.grouping!r}: up to five letters"
        )


@dataclass(frozen=True, slots=True)
class Price:
    """What the tariff says of an act; amounts in euro cents for the whole line (record 4).

    ``unit`` prix unitaire, ``base`` base de remboursement, ``rate`` percent, ``amo`` what the assurance maladie pays,
    ``amc`` what is asked of the complementary insurer, ``reduction`` of the rate outside the *parcours de soins*,
    ``flat`` the part of the 24 € charge that stands on this line, ``exoneration`` the justification of the line,
    ``participation`` who bears the flat charge (A assuré, R régime, L régime local). Raises InvalidSheet.
    """

    unit: int
    base: int
    rate: int
    amo: int
    amc: int = 0
    reduction: int = 0
    flat: int = 0
    exoneration: str = "0"
    participation: str = ""

    def __post_init__(self) -> None:
        for name in ("unit", "base", "amo", "amc", "reduction", "flat"):
            _cents(f"{name} of a price", getattr(self, name))
        _refuse(not 0 <= self.rate <= 100, f"rate {self.rate}: 0 to 100 percent")
        _refuse(self.amo > self.base, f"amo {self.amo} of a price is more than its base {self.base}")
        check_exoneration(self.exoneration)
        _refuse(
            self.participation not in _PARTICIPATIONS,
            f"participation {self.participation!r}: A, R or L, or nothing",
        )


@dataclass(frozen=True, slots=True)
class Act:
    """An act: of the NGAP (*lettre clé* and coefficient) or, with ``ccam``, of the CCAM (seven characters).

    ``amount`` is what is charged for the whole line, in euro cents. ``complement`` is N night, F Sunday or holiday, U
    urgency; ``qualifier`` the *qualificatif de la dépense* (column 120 of record 4); ``place`` 0 practice, 1 home.
    Raises InvalidSheet.
    """

    code: str
    coefficient: Decimal
    amount: int
    date: date
    quantity: int = 1
    complement: str = ""
    qualifier: str = ""
    ccam: Ccam | None = None
    price: Price | None = None
    place: str = "0"

    def __post_init__(self) -> None:
        if self.ccam is None:
            if not _NGAP.fullmatch(self.code):
                raise InvalidSheet(
                    f"act code {self.code!r}: one capital letter and up to four letters or digits"
                )
        elif not _CCAM.fullmatch(self.code):
            raise InvalidSheet(f"CCAM code {self.code!r}: four capital letters and three digits")
        coefficient = self.coefficient
        if not coefficient.is_finite() or not 0 < coefficient <= _MAX_COEFFICIENT:
            raise InvalidSheet(f"coefficient {coefficient}: above 0, at most {_MAX_COEFFICIENT}")
        if coefficient != coefficient.quantize(Decimal("0.01")):
            raise InvalidSheet(f"coefficient {coefficient}: at most two decimals")
        _cents("amount", self.amount, MAX_CENTS)
        if self.date < EARLIEST:
            raise InvalidSheet(
                f"act {self.code} of {self.date.isoformat()}: there was no care sheet before 1998"
            )
        if not 1 <= self.quantity <= MAX_QUANTITY:
            raise InvalidSheet(f"quantity {self.quantity} of act {self.code}: 1 to {MAX_QUANTITY}")
        _refuse(
            self.complement not in ("", "N", "F", "U"),
            f"complement {self.complement!r}: N, F or U, or nothing",
        )
        _refuse(
            not _LETTER.fullmatch(self.qualifier),
            f"qualificatif de la dépense {self.qualifier!r}: one capital letter, or nothing",
        )
        _refuse(self.place not in ("0", "1"), f"place {self.place!r}: 0 (practice) or 1 (the patient's home)")
        price = self.price
        if price is not None and price.amo + price.amc > self.amount:
            raise InvalidSheet(
                f"act {self.code}: the insurers would pay {price.amo + price.amc} cents of {self.amount} charged"
            )

    @property
    def lines(self) -> int:
        """How many records of B2 it takes: record 4, and 4M for an act of the CCAM."""
        return 1 if self.ccam is None else 2

    @property
    def plain(self) -> bool:
        """Whether versions 1 and 2 of a sheet can say it: code, coefficient, amount and date, and nothing else."""
        return (
            self == Act(self.code, self.coefficient, self.amount, self.date) if self.ccam is None else False
        )


@dataclass(frozen=True, slots=True)
class Prescriber:
    """Who prescribed the acts: number of billing with its key (nine digits, record 2 columns 59–67), speciality
    (two digits or empty, columns 113–114) and, where known, RPPS (eleven digits) and name. Raises InvalidSheet.
    """

    billing_id: str
    speciality: str = ""
    rpps: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        _digits("number of the prescriber", self.billing_id, (9,))
        _digits("speciality of the prescriber", self.speciality, (0, 2))
        _digits("RPPS of the prescriber", self.rpps, (0, 11))


@dataclass(frozen=True, slots=True)
class Accident:
    """An accident: its day, and the number of an *accident du travail* (nine digits), empty when unknown or of common
    law (record 2, columns 86–94; without a number B2 writes ``000AAMMJJ``, corrections 13). Raises InvalidSheet.
    """

    day: date
    number: str = ""

    def __post_init__(self) -> None:
        _digits("number of the accident du travail", self.number, (0, 9))


class ComplementarySource(Enum):
    """Where the complementary insurer was read."""

    VITALE = "vitale"
    ATTESTATION = "attestation"
    """A paper or card of the insurer; no signature proves it."""


@dataclass(frozen=True, slots=True)
class Complementary:
    """The complementary insurer that is asked to pay: its number (up to ten characters, record 2 columns 119–128), the
    member's (up to eight, 105–112), the type of contract (117–118) and how a DRE reaches it (SSV group 109).

    Raises InvalidSheet.
    """

    number: str
    member: str = ""
    contract: str = ""
    routing: str = ""
    host: str = ""
    domain: str = ""
    source: ComplementarySource = ComplementarySource.ATTESTATION

    def __post_init__(self) -> None:
        for what, text, size in (
            ("number of the complementary insurer", self.number, 10),
            ("number of its member", self.member, 8),
            ("code de routage", self.routing, 2),
            ("identifiant d'hôte", self.host, 3),
            ("nom de domaine", self.domain, 20),
        ):
            _refuse(
                len(text) > size or not (text.isascii() and text.isprintable()),
                f"{what} {text[:30]!r}: up to {size} ASCII characters",
            )
        _refuse(not self.number.strip(), "a complementary insurer has a number")
        _refuse(self.contract not in _CONTRACTS, f"type of contract {self.contract!r}: 85, 87, 88, 89 or 99")


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """Who pays the professional in the patient's place: the assurance maladie (``amo``), the complementary, both."""

    amo: bool = False
    complementary: Complementary | None = None


NO_THIRD_PARTY: Final = ThirdParty()


class SheetMode(Enum):
    """How a sheet is secured; the values are those of B2 (record 1 column 81)."""

    SECURED = "S"
    """Both cards sign."""
    WITHOUT_VITALE = "F"
    """*SESAM sans Vitale*: what is known of the insured was typed in, the CPS signs alone."""
    DEGRADED = "D"
    """No card signs: the paper that goes with it bears the signatures by hand."""


class RightsOrigin(Enum):
    """Where the rights on a sheet were read."""

    VITALE = "vitale"
    ONLINE = "online"
    """A service asked in place of the card's rights; the card still says who the people are."""
    TYPED = "typed"
    """Typed in without a card."""


class Circumstances(TypedDict, total=False):
    """Under which circumstances the acts are billed: keywords of a sheet."""

    nature: str
    exoneration: str
    pathway: str
    prescriber: Prescriber | None
    prescribed: date | None
    accident: Accident | None
    maternity: date | None
    third_party: ThirdParty


def check_exoneration(code: str) -> None:
    """Raise InvalidSheet unless *code* is a *justification d'exonération*."""
    _refuse(
        len(code) != 1 or code not in EXONERATIONS, f"exoneration {code!r}: one of {', '.join(EXONERATIONS)}"
    )


def _digits(what: str, text: str, sizes: tuple[int, ...]) -> None:
    _refuse(
        len(text) not in sizes or (bool(text) and not (text.isascii() and text.isdigit())),
        f"{what} {text[:30]!r}: {' or '.join(str(size) if size else 'no' for size in sizes)} digits",
    )
