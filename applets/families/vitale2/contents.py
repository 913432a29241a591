"""What stands on a carte Vitale: each file's value from the profile, and the certificates.

Groups may be odd, and are kept as they are. EF.ID and EF.NIR, which repeat some of their fields, have a shape that public
readers rely on: they hold what of an odd field fits into it (``synthetic``).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bifente.apdu.cvc import USAGE_AUTHENTICATION, USAGE_SHEET_SIGNATURE, Cha
from bifente.applets.perso.profile.insured import ISSUER, holder, shaped_nir, vitale_cha
from bifente.layouts.cards import vitale2
from bifente.layouts.codec import JsonValue
from bifente.layouts.codecs import identity
from bifente.layouts.codecs.groupfiles import split
from bifente.layouts.recognition import VITALE
from bifente.ssv import wire
from bifente.ssv.groups import Group

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from bifente.applets.families.vitale2.profile import VitaleProfile
    from bifente.applets.perso.issuer import Issuer

_NAMES = {
    "EF.DIR": "DIR",
    "EF.PAN": "PAN",
    "EF.ID": "ID",
    "EF.CVC": "CVC",
    "EF.NIR": "NIR",
    "EF.CVC.SHEET": "CVCSHEET",
}
"""Names of files in POINTERS that are not those of the layout (8 characters at most; ``synthetic``)."""


_NO_DATE = "00000000"

_NAMES_SIZE = identity.IDENTITY_SIZE - len(
    identity.IDENTITY.inner.encode({"porteur": {"nom": "", "prenoms": "", "date_naissance": _NO_DATE}})
)
"""How many characters both names together may have in EF.ID."""


def serial(profile: "VitaleProfile") -> JsonValue:
    """EF.PAN."""
    return {"emetteur": ISSUER, "numero": profile.serial}


def pan(profile: "VitaleProfile") -> bytes:
    """The ten bytes of EF.PAN that CV certificates name the card by."""
    return identity.pan(serial(profile))


def cha(profile: "VitaleProfile", usage: int = USAGE_AUTHENTICATION) -> Cha:
    """The authorisation of the recognition key, or of the one that signs sheets."""
    return vitale_cha(test=profile.test, usage=usage)


def contents(profile: "VitaleProfile") -> dict[str, JsonValue]:
    """The value of each file but the certificates, by the file's name."""
    groups = profile.ssv_groups()
    pieces = split(groups)
    values: dict[str, JsonValue] = {
        "EF.DIR": [
            {"aid": aid.hex().upper(), "label": label}
            for aid, label in (
                (vitale2.AID_VITALE, "VITALE"),
                (vitale2.AID_ADELE, "Adèle"),
                (vitale2.AID_ADELE_CIA, "Adèle CIA"),
            )
        ],
        "EF.PAN": serial(profile),
        "EF.ID": _identity(groups),
        "EF.NIR": {
            "assure": {"pays": profile.pays, "nir": shaped_nir(groups[0]["NIR"], groups[0]["clé NIR"])},
            "carte": {"debut_validite": f"{profile.issued:%Y%m%d}"},
        },
        **{name: wire.to_json(piece) for name, piece in pieces.items()},
        "URGENCE": profile.volet_urgence,
        "MEDICAL": profile.volet_medical,
    }
    values["POINTERS"] = _pointers({*values, *vitale2.LAYOUT.certificates(), "POINTERS"})
    return values


def certificates(
    profile: "VitaleProfile", public_keys: "Mapping[str, RSAPublicKey]", issuer: "Issuer"
) -> dict[str, bytes]:
    """The content of each certificate file, freshly issued."""
    assert profile.issued is not None
    assert profile.expires is not None
    usages = {"recognition": USAGE_AUTHENTICATION, "sheet": USAGE_SHEET_SIGNATURE}
    return {
        name: issuer.issue_cv(
            domain=VITALE.root,
            pan=pan(profile),
            cha=cha(profile, usages[key]),
            public_key=public_keys[key],
            effective=profile.issued,
            expiry=profile.expires,
        )
        for name, key in vitale2.LAYOUT.certificates().items()
    }


def _identity(groups: Sequence[Group]) -> JsonValue:
    """The person on the card's face: the assuré when he is among the beneficiaries, else the first of them."""
    person = holder(groups)
    born = person["date de naissance"][:8]
    name, given = _fitting(person["nom usuel"], person["prénom"])
    return {
        "porteur": {
            "nom": name,
            "prenoms": given,
            "date_naissance": born if len(born) == 8 and born.isascii() and born.isdigit() else _NO_DATE,
        }
    }


def _fitting(name: str, given: str) -> tuple[str, str]:
    """The names, cut where EF.ID has no room for both: the given name first, neither below half of the room."""
    given = given[: max(_NAMES_SIZE - len(name), _NAMES_SIZE // 2)]
    return name[: _NAMES_SIZE - len(given)], given


def _pointers(names: set[str]) -> JsonValue:
    """The map of the files *names*, as cardpeek reads it; identifiers of applications are the FIDs of their DFs."""
    applications: list[JsonValue] = []
    files: list[JsonValue] = []
    for _, directory in vitale2.LAYOUT.directories():
        present = [file for file in directory.files() if file.name in names]
        if not present or directory.aid is None:
            continue
        applications.append({"id": directory.fid, "reserved": 0, "aid": directory.aid.hex().upper()})
        files += [
            {"name": _NAMES.get(file.name, file.name), "application": directory.fid, "fid": f"{file.fid:04X}"}
            for file in present
        ]
    return {"applications": applications, "files": files}
