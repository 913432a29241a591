"""The settings of a caisse: one YAML file.

.. code-block:: yaml

    name: Caisse d'essai              # synthetic, like everything here
    organismes: ["01349"]             # régime and caisse, five digits each
    address: 01349@349.01.rss.fr      # where its mail comes in
    store: caisse.db                  # or postgresql://user@host/name
    authorities: [igc]                # folders of the authorities it trusts, with their lists of opposed cards
    key: caisse.key                   # PEM, readable by its owner only
    certificate: caisse.pem
    settle_after: 2                   # working days from reception to payment
    rules: rules.yaml                 # how it misbehaves; left out: not at all

Paths are relative to the folder of the file.
"""

import re
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bifente.fse.caisse.checked import DocumentProblems, read_model
from bifente.fse.caisse.errors import CaisseError

FILE: Final = "caisse.yaml"
"""The name of the file in the folder of a caisse."""

_ADDRESS = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,255}")


def _organisme(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{5}", value):
        raise ValueError('régime and caisse are five digits, in quotes: "01349"')
    return value


def _address(value: object) -> object:
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise ValueError("a mail address is expected, such as 01349@349.01.rss.fr")
    return value


OrganismeCode = Annotated[str, BeforeValidator(_organisme)]
MailAddress = Annotated[str, BeforeValidator(_address)]


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
    address: MailAddress
    store: str = "caisse.db"
    authorities: tuple[str, ...] = ()
    key: str = "caisse.key"
    certificate: str = "caisse.pem"
    mail: str = "mail"
    tariff: str | None = None
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
