"""The profile of a carte Vitale 1: the people of a family and their rights."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from bifente.apdu.cvc import Cha
from bifente.applets.perso.profile.insured import ISSUER, InsuredProfile, holder, shaped_nir, vitale_cha
from bifente.applets.perso.profile.model import Keys
from bifente.layouts.codec import JsonValue
from bifente.layouts.codecs import identity
from bifente.layouts.codecs.groupfiles import split
from bifente.ssv import wire

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from bifente.applets.perso.issuer import Issuer


class FamilyCardProfile(InsuredProfile):
    """A carte Vitale 1. It has no RSA key, no certificate and, unless the profile says one, no end of validity."""

    VALIDITY_YEARS: ClassVar[int] = 5

    kind: Literal["vitale1"]
    keys: Keys = Keys()

    def resolved(self, today: date) -> Self:
        """With serial and first day; the press says of the real card that its rights name no end."""
        made = super().resolved(today)
        return made.model_copy(update={"expires": self.expires})

    def contents(self) -> dict[str, JsonValue]:
        """All files."""
        groups = self.ssv_groups()
        person = holder(groups)
        return {
            "EF.PAN": self._number(),
            "EF.FACE": {
                "nom": person["nom usuel"],
                "prenoms": person["prénom"],
                "nir": shaped_nir(groups[0]["NIR"], groups[0]["clé NIR"]),
            },
            **{name: wire.to_json(piece) for name, piece in split(groups).items()},
        }

    def _number(self) -> JsonValue:
        return {"emetteur": ISSUER, "numero": self.serial}

    def pan(self) -> bytes:
        """The ten bytes of EF.PAN, by which its keys are derived."""
        return identity.pan(self._number())

    def cha(self) -> Cha:
        """The category: test or not."""
        return vitale_cha(test=self.test)

    def certificates(self, public_keys: "Mapping[str, RSAPublicKey]", issuer: "Issuer") -> dict[str, bytes]:
        """None: a Vitale 1 has no certificate."""
        return {}

    def dates(self) -> dict[str, str]:
        """The end in group 101."""
        return {"G101/3": f"{self.expires:%Y%m%d}0000" if self.expires else ""}
