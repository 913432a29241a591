"""What a card is made from. A profile is data: no key, no certificate and no PIN need be in it.

Content that stands on the card under a French name has that name here; a date may be written 2026-01-31.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import MAXYEAR, MINYEAR, date, timedelta
from secrets import randbelow
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, JsonValue, SecretStr, model_validator

from bifente.apdu.cvc import Cha
from bifente.applets.perso.errors import PersoError
from bifente.applets.perso.profile.fields import (
    AtrHexadecimal,
    Day,
    Hexadecimal,
    PrivateKeyPem,
    ProfileModel,
    matching,
)
from bifente.applets.perso.profile.wrongparts import WrongParts
from bifente.codes.letters import composed
from bifente.layouts import codec

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from bifente.applets.perso.issuer import Issuer

Environment = Literal["test", "production-like"]
ENVIRONMENT_LETTER: dict[Environment, str] = {"test": "T", "production-like": "P"}


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


class CardHistory(ProfileModel):
    """What a card has been through; only a dump with secrets has it."""

    created: Day
    date: Day
    """The latest date that the card has been shown."""
    counters: dict[str, Hexadecimal] = Field(default_factory=dict)
    """``pin/01/left`` and the like."""
    initial: dict[str, Hexadecimal] = Field(default_factory=dict)
    """Records that were another at creation, as they were; an empty one was absent."""
    records: dict[str, Hexadecimal] = Field(default_factory=dict)
    """What commands have put on the card beside contents: states of life, created files."""
    opposed: Day | None = None
    secrets: dict[str, Hexadecimal] = Field(default_factory=dict)
    """Keys of triple DES: path of the directory and reference, ``3F00/0001/85``."""
    roots: list[CvRootKey] = Field(default_factory=list)


class Keys(ProfileModel):
    """Private keys to take instead of making them: PEM, or in a profile file the path of one."""

    recognition: PrivateKeyPem | None = None


class Profile(ProfileModel, ABC):
    """What all profiles have, and what a card is made of by one. The methods are those of a resolved profile."""

    if TYPE_CHECKING:
        serial: str | None  # with as many digits as the kind has, among the fields of the kind
    kind: str
    comment: str = ""
    atr: AtrHexadecimal | None = None
    files: dict[str, FileContent] = Field(default_factory=dict)
    fingerprints: dict[str, str] = Field(default_factory=dict)
    """Of the public keys, in a dump without secrets: to compare, not to create from."""
    state: CardHistory | None = None

    @property
    def test(self) -> bool:
        """A test card."""
        return True

    @property
    def kept_form(self) -> int | None:
        """What the card must say so that its profile is read as it was meant; None for the form that all cards have."""
        return None

    @abstractmethod
    def contents(self) -> dict[str, codec.JsonValue]:
        """The value of each file that the profile alone gives, by the file's name; no certificates."""

    def objects(self) -> dict[str, list[bytes]]:
        """The values of data objects, by their names."""
        return {}

    def secrets(self) -> dict[str, SecretStr]:
        """The PINs by their use."""
        return {}

    def own_serial(self) -> str | None:
        """The serial that some other part of the profile brings with it."""
        return None

    def notes(self) -> list[str]:
        """What the profile says and is odd, or the card cannot hold: for whoever makes the card."""
        return []

    def resolved(self, today: date) -> Self:
        """The profile with all that personalisation on the day *today* decides. Raises PersoError."""
        if self.serial is not None:
            return self
        return self.model_copy(update={"serial": self.own_serial() or f"{randbelow(10**8):08}"})


class CardProfile(Profile):
    """What the cards have that take part in a recognition: an authority issues them, for some years."""

    VALIDITY_YEARS: ClassVar[int]

    if TYPE_CHECKING:
        keys: Keys  # and more of them, among the fields of the kind
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

    def resolved(self, today: date) -> Self:
        """With serial and dates of validity. Raises PersoError when the dates do not fit together."""
        issued = self.issued
        if issued is None:
            issued = min(today, self.expires) if self.expires is not None else today
        update = {"issued": issued}
        if self.expires is None:
            update["expires"] = years_later(issued, self.VALIDITY_YEARS) - timedelta(days=1)
        return super().resolved(today).model_copy(update=update)

    @abstractmethod
    def pan(self) -> bytes:
        """The ten bytes that CV certificates name the card by."""

    @abstractmethod
    def cha(self) -> Cha:
        """The authorisation of the recognition key."""

    @abstractmethod
    def certificates(self, public_keys: "Mapping[str, RSAPublicKey]", issuer: "Issuer") -> dict[str, bytes]:
        """The content of each certificate file by its name, freshly issued; *public_keys* by their use."""

    @abstractmethod
    def dates(self) -> dict[str, str]:
        """The fields that say how long the card is valid: path as ``card set`` takes it → text."""


def years_later(start: date, years: int) -> date:
    """The same day *years* later; 29 February becomes the 28th. Raises PersoError outside of the calendar."""
    year = start.year + years
    if not MINYEAR <= year <= MAXYEAR:
        raise PersoError(f"{years} years from {start}: outside of the calendar", hint="choose another day")
    try:
        return start.replace(year=year)
    except ValueError:
        return start.replace(year=year, day=28)
