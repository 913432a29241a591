"""The profile of a card of the CPS family: its holder, and what stands on the card because of him."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from bifente.apdu.cvc import Cha
from bifente.applets.families.cps3 import contents
from bifente.applets.perso.profile.fields import (
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
from bifente.applets.perso.profile.model import CardProfile, Keys
from bifente.applets.perso.profile.wrongparts import WrongParts
from bifente.codes.holder import CardHolder
from bifente.layouts.cards.cps3 import DATA_SIZE
from bifente.layouts.codec import JsonValue

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from bifente.applets.perso.issuer import Issuer

CARD_TYPES = {"CPS": 0, "CPF": 1, "CDE": 2, "CPE": 2, "CPA": 3}
"""Names of the CPS family with their G02 code."""


DEFAULT_PIN, DEFAULT_PUK = SecretStr("1234"), SecretStr("12345678")
"""Those of the test programs of the Agence du numérique en santé."""


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
    """The keys of a professional's card."""

    signature: PrivateKeyPem | None = None
    authentication: PrivateKeyPem | None = None
    technical: PrivateKeyPem | None = None
    """That of the contactless application."""


class ProfessionalProfile(CardProfile, ABC):
    """A card of the CPS family, but for its situations: their profile depends on the form of the business data."""

    VALIDITY_YEARS: ClassVar[int] = 3

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
    def business_values(self) -> dict[str, JsonValue]:
        """The value of each business data object but CPS_DATA, by its name; the profile has serial and dates."""

    @property
    def kept_form(self) -> int | None:
        """The form of the business data, from the second on."""
        return self.form if self.form > 1 else None

    def contents(self) -> dict[str, JsonValue]:
        """The files of the card but its certificates."""
        return contents.contents(self)

    def secrets(self) -> dict[str, SecretStr]:
        """Code porteur and code de déblocage."""
        return {"pin": self.pin, "puk": self.puk}

    def pan(self) -> bytes:
        """The ten bytes of EF.SN.ICC."""
        return contents.pan(self)

    def cha(self) -> Cha:
        """Category, type, profession and responsibility of the holder."""
        return contents.cha(self)

    def certificates(self, public_keys: "Mapping[str, RSAPublicKey]", issuer: "Issuer") -> dict[str, bytes]:
        """Those of X.509, of the keys that there are, and that of the recognition."""
        return contents.certificates(self, public_keys, issuer)

    def dates(self) -> dict[str, str]:
        """Those of CPS_ID_CARD."""
        return {
            "CPS_ID_CARD/fin_validite": f"{self.expires:%Y%m%d}",
            "CPS_ID_CARD/emission": f"{self.issued:%Y%m%d}",
        }

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
