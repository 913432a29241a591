"""The profile of a carte Vitale 2: people and rights, and the two volets."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import model_validator

from bifente.apdu.cvc import Cha
from bifente.applets.families.vitale2 import contents
from bifente.applets.perso.profile.fields import Content, LatinText, PrivateKeyPem
from bifente.applets.perso.profile.insured import InsuredProfile
from bifente.applets.perso.profile.model import Keys
from bifente.applets.perso.profile.wrongparts import WrongParts, check
from bifente.layouts.codec import JsonValue
from bifente.layouts.codecs import volets

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from bifente.applets.perso.issuer import Issuer


class VitaleKeys(Keys):
    """The two keys of a carte Vitale."""

    sheet: PrivateKeyPem | None = None


class VitaleProfile(InsuredProfile):
    """A carte Vitale 2, of one person."""

    VALIDITY_YEARS: ClassVar[int] = 5

    kind: Literal["vitale2"]
    pays: LatinText = "FR"
    volet_urgence: Content | None = None
    volet_medical: Content | None = None
    keys: VitaleKeys = VitaleKeys()

    @model_validator(mode="after")
    def _volets(self) -> Self:
        wrong = check(volets.EMERGENCY, self.volet_urgence, ("volet_urgence",))
        wrong += check(volets.MEDICAL, self.volet_medical, ("volet_medical",))
        if wrong:
            raise WrongParts(*wrong)
        return self

    def contents(self) -> dict[str, JsonValue]:
        """The files of the card but its certificates."""
        return contents.contents(self)

    def pan(self) -> bytes:
        """The ten bytes of EF.PAN."""
        return contents.pan(self)

    def cha(self) -> Cha:
        """The category: test or not."""
        return contents.cha(self)

    def certificates(self, public_keys: "Mapping[str, RSAPublicKey]", issuer: "Issuer") -> dict[str, bytes]:
        """Those of the recognition and of the sheet signature."""
        return contents.certificates(self, public_keys, issuer)

    def dates(self) -> dict[str, str]:
        """The end in group 101, the beginning in EF.NIR."""
        return {"G101/3": f"{self.expires:%Y%m%d}0000", "EF.NIR/debut_validite": f"{self.issued:%Y%m%d}"}
