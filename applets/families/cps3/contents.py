"""What stands on a card of the CPS family: each file's value from the profile, and the certificates."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from bifente.apdu.cvc import DOMAIN_CPS, USAGE_AUTHENTICATION, Cha
from bifente.codes.usage import CertificateUsage
from bifente.layouts.cards import cps3
from bifente.layouts.codec import JsonValue
from bifente.layouts.codecs import businessdata, identity
from bifente.layouts.recognition import CPS

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from bifente.applets.families.cps3.profile import ProfessionalProfile
    from bifente.applets.perso.issuer import Issuer

_PRIVATE = {"flags": ["private"], "auth_id": "01"}
_PUBLIC: dict[str, JsonValue] = {"flags": []}


def serial(profile: "ProfessionalProfile") -> JsonValue:
    """EF.SN.ICC."""
    return {"emetteur": businessdata.ISSUER, "numero": profile.serial}


def pan(profile: "ProfessionalProfile") -> bytes:
    """The ten bytes of EF.SN.ICC that CV certificates name the card by."""
    return identity.pan(serial(profile))


def cha(profile: "ProfessionalProfile") -> Cha:
    """The authorisation of the recognition key."""
    holder = profile.card_holder
    profession = holder.profession if holder.profession is not None else holder.future_profession
    return Cha(
        DOMAIN_CPS,
        holder.category,
        holder.card_type,
        profession or 0,
        holder.responsibility,
        USAGE_AUTHENTICATION,
    )


def contents(profile: "ProfessionalProfile") -> dict[str, JsonValue]:
    """The value of each file but the certificates, by the file's name."""
    values: dict[str, JsonValue] = {
        "EF.DIR": [
            _application(cps3.AID_CONTACTLESS, "CPX IAS CL", "3F000002"),
            _application(cps3.AID_CONTACT, "CPX IAS", "3F000001"),
        ],
        "EF.ATR": {"hex": cps3.EF_ATR.hex().upper()},
        "EF.SN.ICC": serial(profile),
        "EF.ODF": [
            {"type": "authObjects", "path": "7001"},
            {"type": "privateKeys", "path": "7002"},
            {"type": "certificates", "path": "7005"},
            {"type": "dataContainerObjects", "path": "7006"},
        ],
        "EF.ODF (CL)": [
            {"type": "privateKeys", "path": "7002"},
            {"type": "certificates", "path": "7005"},
        ],
        "EF.CIAInfo (CL)": _card_information_contactless(),
        "EF.PrKDF (CL)": [
            _key("CPS_PRIV_TECH_AUT", _TECHNICAL_ID, cps3.KEY_TECHNICAL, [], ["sign"], under_pin=False)
        ],
        "EF.CDF (CL)": [
            _certificate("Certificat Technique CPS", _TECHNICAL_ID, cps3.CERTIFICATE_TECHNICAL_FID)
        ],
        "EF.CIAInfo": _card_information(profile),
        "EF.AODF": _pins(),
        "EF.PrKDF": _keys(),
        "EF.CDF": _certificates(),
        "CPS_DATA": {"hex": profile.data.ljust(2 * cps3.DATA_SIZE, "0")},
        **profile.business_values(),
    }
    values["EF.DODF"] = _data_objects(values)
    return values


def certificates(
    profile: "ProfessionalProfile", public_keys: "Mapping[str, RSAPublicKey]", issuer: "Issuer"
) -> dict[str, bytes]:
    """The content of each certificate file, freshly issued."""
    assert profile.issued is not None
    assert profile.expires is not None
    holder = profile.card_holder
    begin = datetime.combine(profile.issued, time(), UTC)
    end = datetime.combine(profile.expires + timedelta(days=1), time(), UTC)
    made = {
        name: issuer.issue_certificate(holder, public_keys[key], CertificateUsage(key), begin, end)
        for name, key in cps3.LAYOUT.certificates().items()
        if key != "recognition" and key in public_keys
    }
    made["EF.CVC"] = issuer.issue_cv(
        domain=CPS.root,
        pan=pan(profile),
        cha=cha(profile),
        public_key=public_keys["recognition"],
        effective=profile.issued,
        expiry=profile.expires,
    )
    return made


def _application(aid: bytes, label: str, path: str) -> JsonValue:
    """Both templates name the contact application inside, as the real card's do (OpenSC PR #2217)."""
    return {
        "aid": aid.hex().upper(),
        "label": label,
        "path": path,
        "ddo": {"aid": cps3.AID_CONTACT.hex().upper()},
    }


def _card_information(profile: "ProfessionalProfile") -> JsonValue:
    """Algorithms and date of a real CPS3v3 (V. Jardin, 2021)."""
    rsa_encryption, sha1, sha256 = "1.2.840.113549.1.1.1", "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1"
    algorithms = [
        (0x220, "hash", sha1, 0x10),
        (0x250, "hash", sha256, 0x40),
        (0x06, "compute-signature", "1.2.840.113549.1.1.5", 0x12),
        (0x40, "compute-signature", "1.2.840.113549.1.1.11", 0x42),
        (0x01, "compute-signature", rsa_encryption, 0x02),
        (0x01, "decipher", rsa_encryption, 0x1A),
    ]
    return {
        "version": 0,
        "manufacturer": "ASIP SANTE",
        "label": f"CPS3v3-{profile.card_holder.card_number}",
        "flags": ["readonly", "authRequired"],
        "algorithms": [
            {
                "reference": number,
                "mechanism": mechanism,
                "operations": [operation],
                "oid": oid,
                "algorithm": reference,
            }
            for number, (mechanism, operation, oid, reference) in enumerate(algorithms, 1)
        ],
        "last_update": "20100316110000Z",
    }


def _card_information_contactless() -> JsonValue:
    """The label is that by which the public middleware knows the token; the rest is synthetic."""
    return {
        "version": 0,
        "manufacturer": "ASIP SANTE",
        "label": "CPS3v3_CL",
        "flags": ["readonly"],
        "algorithms": [
            {
                "reference": 1,
                "mechanism": 0x01,
                "operations": ["compute-signature"],
                "oid": "1.2.840.113549.1.1.1",
                "algorithm": 0x02,
            }
        ],
        "last_update": "20100316110000Z",
    }


def _pins() -> JsonValue:
    def pin(label: str, reference: int, least: int, stored: int, *flags: str) -> dict[str, JsonValue]:
        return {
            "label": label,
            "flags": ["private", "modifiable"],
            "id": f"{reference:02X}",
            "pin_flags": ["case-sensitive", "initialized", *flags],
            "pin_type": "ascii-numeric",
            "min_length": least,
            "stored_length": stored,
            "max_length": 8,
            "reference": reference,
            "pad": "FF",
        }

    unblocking = f"{cps3.PUK:02X}"
    return [
        {**pin("Code porteur de la carte CPX", cps3.PIN, 4, 8), "auth_id": unblocking},
        pin("Code de deblocage", cps3.PUK, 8, 8, "unblockingPassword"),
    ]


def _object_id(key: int) -> str:
    """The identifier that key and certificate share: the AID and the key's number."""
    return f"{cps3.AID_CONTACT.hex().upper()}{key & 0x7F:02X}"


_TECHNICAL_ID = f"{cps3.AID_CONTACTLESS.hex().upper()}01"


def _keys() -> JsonValue:
    """The keys 81 and 82; 83 is not announced, so that no PKCS #11 software uses it."""
    signature, authentication = cps3.KEY_SIGNATURE, cps3.KEY_AUTHENTICATION
    return [
        _key("CPS_PRIV_SIG", _object_id(signature), signature, ["private"], ["nonRepudiation"]),
        _key(
            "CPS_PRIV_AUT",
            _object_id(authentication),
            authentication,
            ["private", "modifiable"],
            ["decrypt", "sign"],
        ),
    ]


def _key(
    label: str, object_id: str, reference: int, flags: list[str], usage: list[str], *, under_pin: bool = True
) -> JsonValue:
    return {
        "label": label,
        "flags": flags,
        **({"auth_id": "01"} if under_pin else {}),
        "id": object_id,
        "usage": usage,
        "access": ["sensitive", "alwaysSensitive", "neverExtractable"],
        "reference": reference,
        "path": "",
        "modulus_bits": 2048,
    }


def _certificates() -> JsonValue:
    signature, authentication = cps3.KEY_SIGNATURE, cps3.KEY_AUTHENTICATION
    return [
        _certificate("Certificat de Signature CPS", _object_id(signature), cps3.CERTIFICATE_SIGNATURE_FID),
        _certificate(
            "Certificat d'Authentification CPS",
            _object_id(authentication),
            cps3.CERTIFICATE_AUTHENTICATION_FID,
        ),
    ]


def _certificate(label: str, object_id: str, fid: int) -> JsonValue:
    return {"label": label, "flags": [], "id": object_id, "path": f"{fid:04X}"}


def _data_objects(values: Mapping[str, JsonValue]) -> JsonValue:
    """All business data on the card, in the order of the middleware's documentation."""
    names = ["CPS_DATA", "CPS_ID_CARD", "CPS_NAME_PS", "CPS_LANG_PS", "CPS_INFO_PS"]
    names += sorted(name for name in values if name.startswith("CPS_ACTIVITY_"))
    names.append("CPS_SIT_FACT")
    entries: list[JsonValue] = []
    for name in names:
        path, _ = cps3.LAYOUT.named(name)
        guarded = name.startswith("CPS_ACTIVITY_") or name == "CPS_SIT_FACT"
        protection = _PRIVATE if guarded else _PUBLIC
        entries.append({"label": name, **protection, "application": "CPS", "path": path[-4:]})
    return entries
