"""What a card is made from. A profile is data: no key, no certificate and no PIN need be in it.

Content that stands on the card under a French name has that name here; a date may be written 2026-01-31.
"""

from abc import ABC, abstractmethod
from datetime import MAXYEAR, MINYEAR, date
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, JsonValue, SecretStr, model_validator

from bifente.applets.perso.errors import PersoError
from bifente.applets.perso.profile.fields import (
    AtrHexadecimal,
    Day,
    Hexadecimal,
    PersonId,
    PinDigits,
    PrivateKeyPem,
    ProfileModel,
    PukDigits,
    StructureId,
    Text,
    at_most,
    in_table,
    matching,
)
from bifente.applets.perso.profile.wrongparts import WrongParts
from bifente.codes.holder import CardHolder
from bifente.codes.letters import composed
from bifente.layouts import codec
from bifente.layouts.cps3 import DATA_SIZE
from bifente.layouts.t1test import LARGE_SIZE

Environment = Literal["test", "production-like"]
ENVIRONMENT_LETTER: dict[Environment, str] = {"test": "T", "production-like": "P"}

CARD_TYPES = {"CPS": 0, "CPF": 1, "CDE": 2, "CPE": 2, "CPA": 3}
"""Names of the CPS family with their G02 code."""


DEFAULT_PIN, DEFAULT_PUK = SecretStr("1234"), SecretStr("12345678")
"""Those of the test programs of the Agence du numérique en santé."""


class FileContent(ProfileModel):
    """What stands in one file instead of what the rest of the profile gives: a decoded value, or bytes."""

    value: Annotated[JsonValue, BeforeValidator(composed)] = None
    raw: Hexadecimal | None = None
    absent: bool = False


class CvRootKey(ProfileModel):
    """An authority's public key on the card."""

    car: Annotated[str, matching(r"[ -~]{8}", "8 ASCII characters")]
    n: Hexadecimal
    e: int = 65537


class State(ProfileModel):
    """What a card has been through; only a dump with secrets has it."""

    created: Day
    date: Day
    """The latest date that the card has been shown."""
    counters: dict[str, Hexadecimal] = Field(default_factory=dict)
    """``pin/01/left`` and the like."""
    initial: dict[str, Hexadecimal] = Field(default_factory=dict)
    """Records that were another at creation, as they were; an empty one was absent."""
    opposed: Day | None = None
    roots: list[CvRootKey] = Field(default_factory=list)


class Keys(ProfileModel):
    """Private keys to take instead of making them: PEM, or in a profile file the path of one."""

    recognition: PrivateKeyPem | None = None


class Profile(ProfileModel):
    """What all profiles have."""

    kind: str
    comment: str = ""
    atr: AtrHexadecimal | None = None
    files: dict[str, FileContent] = Field(default_factory=dict)
    fingerprints: dict[str, str] = Field(default_factory=dict)
    """Of the public keys, in a dump without secrets: to compare, not to create from."""
    state: State | None = None


class CardProfile(Profile):
    """What the cards that take part in a recognition have."""

    environment: Environment = "test"
    issued: Day | None = None
    """The first day of validity; by default the day of personalisation."""
    expires: Day | None = None
    """The last one."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.issued is not None and self.expires is not None and self.expires < self.issued:
            raise WrongParts((("expires",), "lies before issued"))
        return self

    @property
    def test(self) -> bool:
        """A test card."""
        return self.environment == "test"


class Holder(ProfileModel):
    """Whose card it is. Codes are those of the GIP tables."""

    national_id: PersonId
    """With its type digit: ``8`` + RPPS, ``0`` + ADELI, an employee ``1`` + FINESS + ``/`` + number."""
    family_name: Text
    """The name of practice: it stands in the certificates too."""
    given_name: Text
    birth_name: Text | None = None
    """NomPatronym; by default the family name."""
    married_name: Text | None = None
    """NomMarital."""
    other_given_names: Annotated[list[Text], Field(max_length=2)] = Field(default_factory=list)
    civility: Annotated[str, in_table("G03", 2)]
    profession: Annotated[str, in_table("G15", 2)] | None = None
    future_profession: Annotated[str, in_table("G16", 2)] | None = None
    responsibility: Annotated[str, in_table("G04", 2)] | None = None
    """By default 01 for a CDE, 00 for the others."""
    speciality: Annotated[str, in_table("R01", 4)] | None = None


class Structure(ProfileModel):
    """Where an employee works."""

    id: StructureId
    """With its type digit, ``1`` + FINESS."""
    name: Text
    department: Annotated[str, matching(r"[^()]+ \([0-9AB]{2,3}\)", "a department such as Paris (75)")]


class ProfessionalKeys(Keys):
    """The three keys of a professional's card."""

    signature: PrivateKeyPem | None = None
    authentication: PrivateKeyPem | None = None


class ProfessionalProfile(CardProfile, ABC):
    """A card of the CPS family, but for its situations: their profile depends on the form of the business data."""

    kind: Literal["cps3"]
    card: Literal["CPS", "CPF", "CDE", "CPE", "CPA"]
    serial: Annotated[str, matching(r"\d{8}", "8 digits")] | None = None
    """By default random."""
    holder: Holder
    structure: Structure | None = None
    form: int
    """Of the business data, see :mod:`bifente.applets.families.cps3.forms`."""
    data: Annotated[Hexadecimal, at_most(DATA_SIZE)] = ""
    """CPS_DATA, followed by zeros."""
    pin: PinDigits = DEFAULT_PIN
    puk: PukDigits = DEFAULT_PUK
    keys: ProfessionalKeys = ProfessionalKeys()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        holder = self.holder
        wrong = {
            "CPS": holder.profession is None or holder.future_profession is not None,
            "CPF": holder.profession is not None or holder.future_profession is None,
        }.get(self.card, holder.profession is not None or holder.future_profession is not None)
        if wrong:
            wanted = {"CPS": "a profession", "CPF": "a future_profession"}.get(self.card, "no profession")
            names = {"CPS": ("future_profession",), "CPF": ("profession",)}.get(self.card, _PROFESSIONS)
            given = tuple(name for name in names if getattr(holder, name) is not None)[:1]
            said = f"the holder of a {self.card} has {wanted}, and nothing else of the kind"
            raise WrongParts((("holder", *given), said))
        if (self.structure is None) != (self.card in ("CPS", "CPF")):
            if self.structure is None:
                raise WrongParts((("card",), f"a {self.card} has a structure"))
            raise WrongParts((("structure",), f"a {self.card} has no structure"))
        responsibility = ("holder", "responsibility")
        if self.card == "CDE" and self.responsibility != 1:
            raise WrongParts((responsibility, "the holder of a CDE has the responsibility 01"))
        if self.card != "CDE" and self.responsibility == 1:
            raise WrongParts((responsibility, f"responsibility 01 makes a CDE, not a {self.card}"))
        return self

    @abstractmethod
    def business_values(self) -> dict[str, codec.JsonValue]:
        """The value of each business data object but CPS_DATA, by its name; the profile has serial and dates."""

    def notes(self) -> list[str]:
        """What the profile says and the card cannot hold, by the field's name: for whoever makes the card."""
        return []

    @property
    def responsibility(self) -> int:
        """The G04 code."""
        given = self.holder.responsibility
        return int(given) if given is not None else int(self.card == "CDE")

    @property
    def card_holder(self) -> CardHolder:
        """The holder as certificates name it; ValueError before the serial is known."""
        if self.serial is None:
            raise ValueError("the card has no serial yet")
        holder, structure = self.holder, self.structure
        return CardHolder(
            card_type=CARD_TYPES[self.card],
            category=0x80 if self.test else 0x00,
            national_id=holder.national_id,
            family_name=holder.family_name,
            given_name=holder.given_name,
            civility=int(holder.civility),
            profession=None if holder.profession is None else int(holder.profession),
            future_profession=None if holder.future_profession is None else int(holder.future_profession),
            responsibility=self.responsibility,
            speciality=holder.speciality,
            structure_id=structure.id if structure else None,
            structure_name=structure.name if structure else None,
            department=structure.department if structure else None,
            card_number=f"29{self.serial}",
        )


_PROFESSIONS = ("profession", "future_profession")


class T1TestProfile(Profile):
    """The synthetic T=1 card: one large file, by default two bytes of offset every two bytes."""

    kind: Literal["t1test"]
    serial: Annotated[str, matching(r"\d{8}", "8 digits")] | None = None
    content: Annotated[Hexadecimal, at_most(LARGE_SIZE)] | None = None
    """The beginning of the large file; zeros follow."""


def years_later(start: date, years: int) -> date:
    """The same day *years* later; 29 February becomes the 28th. Raises PersoError outside of the calendar."""
    year = start.year + years
    if not MINYEAR <= year <= MAXYEAR:
        raise PersoError(f"{years} years from {start}: outside of the calendar", hint="choose another day")
    try:
        return start.replace(year=year)
    except ValueError:
        return start.replace(year=year, day=28)
