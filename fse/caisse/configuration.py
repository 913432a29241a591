"""The settings of a caisse: one YAML file.

.. code-block:: yaml

    name: Caisse d'essai              # synthetic, like everything here
    organismes: ["01349"]             # whom it serves: régime and caisse, five digits each
    complementaries: ["0000000042"]   # or complementary insurers, which get DRE; left out: none
    store: caisse.db                  # or postgresql://user@host/name
    post: post.yaml                   # its address, and its box or mail servers: see bifente.fse.post
    authorities: [igc]                # folders of the authorities it trusts, with their lists of opposed cards
    key: caisse.key                   # made by bifente igc issue caisse: PEM, readable by its owner only
    certificate: caisse.pem
    chain: chain.pem
    revocation: register              # who knows revoked certificates: those authorities' registers; online (OCSP, lists), off
    revocation_hard_fail: false       # whether a certificate of which nobody knows is refused
    settle_after: 2                   # working days from reception to payment
    tariff: imported                  # a folder with imported tables; left out: the shipped ones
    rules: rules.yaml                 # how it misbehaves; left out: not at all
    delegates:                        # who may sign lots of a professional beside him
      - {signer: "0899700000099", professional: "991000019"}

Paths are relative to the folder of the file.
"""

import re
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bifente.fse.caisse.checked import DocumentProblems, read_model
from bifente.fse.caisse.errors import CaisseError

FILE: Final = "caisse.yaml"
"""The name of the file in the folder of a caisse."""


def _organisme(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{5}", value):
        raise ValueError('régime and caisse are five digits, in quotes: "01349"')
    return value


def _insurer(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{10}", value):
        raise ValueError('the number of a complementary insurer is ten digits, in quotes: "0000000042"')
    return value


OrganismeCode = Annotated[str, BeforeValidator(_organisme)]
InsurerNumber = Annotated[str, BeforeValidator(_insurer)]


class Delegate(BaseModel):
    """Who may sign the lots of a professional beside himself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    signer: str
    """Type, national identifier and key, as the certificate of the CPS names them."""
    professional: Annotated[str, Field(pattern=r"^[0-9]{9}$")]
    """The number for billing with its key."""


class CaisseSettings(BaseModel):
    """What the file says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80)]
    organismes: Annotated[tuple[OrganismeCode, ...], Field(min_length=1)]
    complementaries: tuple[InsurerNumber, ...] = ()
    store: str = "caisse.db"
    post: str = "post.yaml"
    authorities: tuple[str, ...] = ()
    key: str = "caisse.key"
    certificate: str = "caisse.pem"
    chain: str = "chain.pem"
    tariff: str | None = None
    revocation: Literal["register", "online", "off"] = "register"
    revocation_hard_fail: bool = False
    settle_after: Annotated[int, Field(ge=0, le=60)] = 2
    rules: str | None = None
    delegates: tuple[Delegate, ...] = ()


class CaisseSettingsError(CaisseError):
    """The settings are not what they should be; one line for each problem."""


def read_settings(folder: Path) -> CaisseSettings:
    """The settings in *folder*. Raises CaisseSettingsError, OSError."""
    try:
        return read_model(folder / FILE, CaisseSettings)
    except DocumentProblems as error:
        raise CaisseSettingsError(str(error)) from None
