"""The CPS3, contact interface (IAS-ECC).

What is public comes from OpenSC's driver and from the dumps of a real CPS3v3 that V. Jardin published with his OpenSC
commits of 2021 (PRs #2217 to #2281), and from the middleware of the Agence du numérique en santé (ansforge/dops-cryptolib).
The rest is ``synthetic`` and says so.
"""

from bifente.apdu import tlv
from bifente.apdu.files.security import Operation
from bifente.layouts.access import ALWAYS, NEVER, Pin, SecureMessagingRule
from bifente.layouts.codec import Codec, EmptyOr, RawCodec
from bifente.layouts.codecs import businessdata, identity, pkcs15
from bifente.layouts.cps2ter import VOLET
from bifente.layouts.nodes import (
    DF,
    EF,
    SYNTHETIC,
    Access,
    Contactless,
    Crt,
    KeyObject,
    KeySet,
    Layout,
    PinObject,
    SecretKey,
    SecurityEnvironment,
    ef_access,
)
from bifente.layouts.recognition import (
    ALGORITHM_RECOGNITION,
    CPS,
    CPS_CERTIFICATE_FID,
    CPS_ISSUER_SIGNATURE_FID,
    KEY_RECOGNITION,
)
from bifente.layouts.roles import pin_environment
from bifente.layouts.symmetric import ALGORITHM, MOTHER_KEY

ATR = bytes.fromhex("3BAC00402A001225006480000310009000")
ATR_CONTACTLESS = bytes.fromhex("3B8F80010031B86404B0ECC1739401808290000E")

AID_MF = bytes.fromhex("8025000001FF0100")
AID_CONTACT = bytes.fromhex("E828BD080F8025000001FF0010")
AID_CONTACTLESS = bytes.fromhex("E828BD080F8025000001FF0020")

EF_ATR = bytes.fromhex(
    "804301B8460404B0ECC147039401804F088025000001FF0100E010020201040202010402020100020201007808"
    "06062B8122F878028202 9000"
)
"""The content of EF.ATR of a real card."""

REAL = "OpenSC commits by V. Jardin, 2021: dump of a CPS3v3"
OPENSC = "OpenSC 0.23, driver iasecc"
CRYPTOLIB = "ansforge/dops-cryptolib"

_OBJECT = f"{CRYPTOLIB} (tags and encodings); FID and choice of parts {SYNTHETIC}"

PIN, PUK = 0x01, 0x02
KEY_SIGNATURE, KEY_AUTHENTICATION = 0x81, 0x82

KEY_TECHNICAL = 0x84
"""In the contactless application."""

CERTIFICATE_SIGNATURE_FID, CERTIFICATE_AUTHENTICATION_FID = 0xD001, 0xD002
CERTIFICATE_TECHNICAL_FID = 0xD001
"""In the contactless application."""
DATA_FID, SITUATIONS_FID, FIRST_ACTIVITY_FID = 0xD107, 0xD110, 0xD120
ACTIVITIES = 16
DATA_SIZE = 64

_HOLDER = Pin(PIN)
KEYSET_ISSUER = 0x0A
TEST_MASTER_KEYS = (
    bytes.fromhex("42494645 4E544520 53594E54 48455449"),
    bytes.fromhex("4B455953 4F465445 53544341 52445321"),
)
"""The master keys, enciphering and authenticating, from which the key set of each test card comes by its serial number
(:func:`bifente.crypto.messaging.diversified`). Synthetic, and no secret: those of the deployed cards are nowhere public."""

_ISSUER = SecureMessagingRule(environment=5, keyset=KEYSET_ISSUER)
_NOTHING = ef_access(read=NEVER)
_FREE = ef_access(read=ALWAYS)
_ISSUED = ef_access(read=ALWAYS, update=_ISSUER, delete=_ISSUER)
_UNDER_PIN = ef_access(read=_HOLDER, update=_ISSUER, delete=_ISSUER)
_WRITABLE = ef_access(read=ALWAYS, update=_HOLDER, delete=_ISSUER)


_PERSONAL = frozenset(
    {"CPS_ID_CARD", "CPS_NAME_PS", "CPS_INFO_PS", "CPS_SIT_FACT", "CPS_DATA", "EF.C.CH.SIG", "EF.C.CH.AUT"}
)
"""What names the holder."""

_ISSUED_FILES = frozenset({"CPS_ID_CARD", "CPS_NAME_PS", "CPS_INFO_PS", "CPS_SIT_FACT"})
"""What a care sheet says of the professional comes from these and the activities: the issuer signs them."""


def _ef(
    name: str,
    fid: int,
    codec: Codec,
    meaning: str,
    access: Access = _FREE,
    source: str = SYNTHETIC,
    certifies: str | None = None,
) -> EF:
    """A file of the contact application: it has no short identifier, and is not read without contacts.

    Of EF.AODF the public middleware knows that: it takes a card that refuses to read it for contactless
    (``card-cps3.c``). That the others are alike is synthetic.
    """
    personal = name in _PERSONAL
    return EF(
        name,
        fid,
        codec,
        access,
        source,
        contactless=_NOTHING,
        meaning=meaning,
        personal=personal,
        issued=name in _ISSUED_FILES,
        certifies=certifies,
    )


def _activity(number: int) -> EF:
    return EF(
        f"CPS_ACTIVITY_{number:02}_PS",
        FIRST_ACTIVITY_FID + number - 1,
        businessdata.ACTIVITY,
        _UNDER_PIN,
        f"{CRYPTOLIB} (file, rule, tags and encodings); choice of parts {SYNTHETIC}",
        contactless=_NOTHING,
        meaning=f"situation d'exercice {number:02}",
        optional=True,
        personal=True,
        issued=True,
    )


_APPLICATION = DF(
    "ADF CPX IAS",
    0x0001,
    REAL,
    AID_CONTACT,
    children=(
        _ef("EF.ODF", 0x5031, pkcs15.ODF, "object directory", source=f"{OPENSC}; content {SYNTHETIC}"),
        _ef("EF.CIAInfo", 0x5032, pkcs15.CIA_INFO, "card information", source=f"{REAL}; bytes {SYNTHETIC}"),
        _ef("EF.AODF", 0x7001, pkcs15.AODF, "authentication objects", source=REAL),
        _ef("EF.PrKDF", 0x7002, pkcs15.PRKDF, "private keys", source=f"{REAL}; FID {SYNTHETIC}"),
        _ef("EF.CDF", 0x7005, pkcs15.CDF, "certificates", source=REAL),
        _ef("EF.DODF", 0x7006, pkcs15.DODF, "data objects", source=f"{CRYPTOLIB}; FID {SYNTHETIC}"),
        _ef(
            "EF.C.CH.SIG",
            CERTIFICATE_SIGNATURE_FID,
            RawCodec(),
            "X.509 certificate of the signature key 81",
            certifies="signature",
        ),
        _ef(
            "EF.C.CH.AUT",
            CERTIFICATE_AUTHENTICATION_FID,
            RawCodec(),
            "X.509 certificate of the authentication key 82",
            certifies="authentication",
        ),
        _ef(
            "EF.CVC",
            CPS_CERTIFICATE_FID,
            RawCodec(),
            "CV certificate of the recognition key 83",
            certifies="recognition",
        ),
        EF(
            "EF.SIG.ISSUER",
            CPS_ISSUER_SIGNATURE_FID,
            RawCodec(),
            _UNDER_PIN,
            SYNTHETIC,
            contactless=_NOTHING,
            meaning="the issuer's signature over holder, activities and situations de facturation",
            optional=True,
        ),
        _ef("CPS_ID_CARD", 0xD104, businessdata.ID_CARD, "the card", source=_OBJECT),
        _ef(
            "CPS_NAME_PS",
            0xD105,
            businessdata.NAME,
            "the holder's names",
            source=_OBJECT,
        ),
        _ef(
            "CPS_LANG_PS",
            0xD106,
            businessdata.LANGUAGES,
            "languages",
            source=f"{CRYPTOLIB} (name); FID and content {SYNTHETIC}",
        ),
        _ef(
            "CPS_INFO_PS",
            0xD108,
            businessdata.INFO,
            "profession and speciality",
            source=_OBJECT,
        ),
        _ef(
            "CPS_DATA",
            DATA_FID,
            RawCodec(),
            "free for the software",
            _WRITABLE,
            f"{CRYPTOLIB}; rule {SYNTHETIC}",
        ),
        _ef(
            "CPS_SIT_FACT",
            SITUATIONS_FID,
            businessdata.BILLING,
            "situations de facturation",
            _UNDER_PIN,
            f"{CRYPTOLIB} (rule, tags and encodings); FID and choice of parts {SYNTHETIC}",
        ),
        *(_activity(number) for number in range(1, ACTIVITIES + 1)),
    ),
    access={Operation.CREATE_DF: _ISSUER},
    keys=(
        KeyObject(
            "CPS_PRIV_SIG",
            KEY_SIGNATURE,
            {Operation.COMPUTE_SIGNATURE: _HOLDER, Operation.PUT: NEVER, Operation.GET: ALWAYS},
            {Crt.SIGNATURE: frozenset({0x12, 0x42})},
            f"{REAL}; rules {SYNTHETIC}",
            "signature",
            non_repudiation=True,
        ),
        KeyObject(
            "CPS_PRIV_AUT",
            KEY_AUTHENTICATION,
            {
                Operation.INTERNAL_AUTHENTICATE: _HOLDER,
                Operation.DECIPHER: _HOLDER,
                Operation.PUT: NEVER,
                Operation.GET: ALWAYS,
            },
            {Crt.AUTHENTICATION: frozenset({0x02}), Crt.CONFIDENTIALITY: frozenset({0x1A})},
            f"{REAL}; rules {SYNTHETIC}",
            "authentication",
            non_repudiation=False,
        ),
        KeyObject(
            "CPS_PRIV_C2C",
            KEY_RECOGNITION,
            {Operation.INTERNAL_AUTHENTICATE: _HOLDER, Operation.PUT: NEVER, Operation.GET: ALWAYS},
            {Crt.AUTHENTICATION: frozenset({ALGORITHM_RECOGNITION})},
            SYNTHETIC,
            "recognition",
            non_repudiation=False,
        ),
    ),
    secrets=(
        SecretKey(
            "recognition of a Vitale 1",
            MOTHER_KEY,
            {Operation.INTERNAL_AUTHENTICATE: _HOLDER, Operation.EXTERNAL_AUTHENTICATE: _HOLDER},
            ALGORITHM,
            SYNTHETIC,
            use="recognition",
            mother=True,
            optional=True,
        ),
    ),
    environments=(pin_environment(3, PIN, "PIN 01"),),
)


def _ef_contactless(
    name: str, fid: int, codec: Codec, meaning: str, certifies: str | None = None, *, optional: bool = True
) -> EF:
    """A file of the contactless application, free without contacts and closed with them; cards made before have none."""
    return EF(
        name,
        fid,
        codec,
        _NOTHING,
        SYNTHETIC,
        contactless=_FREE,
        meaning=meaning,
        optional=optional,
        certifies=certifies,
    )


_CONTACTLESS = DF(
    "ADF CPX IAS CL",
    0x0002,
    REAL,
    AID_CONTACTLESS,
    children=(
        _ef_contactless("EF.ODF (CL)", 0x5031, EmptyOr(pkcs15.ODF), "object directory", optional=False),
        _ef_contactless("EF.CIAInfo (CL)", 0x5032, pkcs15.CIA_INFO, "card information"),
        _ef_contactless("EF.PrKDF (CL)", 0x7002, pkcs15.PRKDF, "private keys"),
        _ef_contactless("EF.CDF (CL)", 0x7005, pkcs15.CDF, "certificates"),
        _ef_contactless(
            "EF.C.TECH.AUT",
            CERTIFICATE_TECHNICAL_FID,
            RawCodec(),
            "X.509 certificate of the technical key 84, which names the card and nobody",
            certifies="technical",
        ),
    ),
    access={Operation.CREATE_DF: _ISSUER},
    keys=(
        KeyObject(
            "CPS_PRIV_TECH_AUT",
            KEY_TECHNICAL,
            {Operation.INTERNAL_AUTHENTICATE: NEVER, Operation.PUT: NEVER, Operation.GET: ALWAYS},
            {Crt.AUTHENTICATION: frozenset({0x02})},
            f"{CRYPTOLIB} (name, no PIN, INTERNAL AUTHENTICATE only); reference and rules {SYNTHETIC}",
            "technical",
            non_repudiation=False,
            optional=True,
            contactless={
                Operation.INTERNAL_AUTHENTICATE: ALWAYS,
                Operation.PUT: NEVER,
                Operation.GET: ALWAYS,
            },
        ),
    ),
)

_ISSUER_ENVIRONMENT = SecurityEnvironment(
    5,
    tlv.encode(
        0x7B,
        tlv.encode(0xB4, bytes.fromhex("80010C83010A")) + tlv.encode(0xB8, bytes.fromhex("80010C83010A")),
    ),
    "the issuer's secure messaging",
    f"{REAL} (that it exists); content {SYNTHETIC}",
)

LAYOUT = Layout(
    "cps3",
    "CPS3, contact",
    "a CPS",
    ATR,
    AID_CONTACT,
    DF(
        "MF",
        0x3F00,
        f"{REAL}; its issue #2262 (FCP)",
        AID_MF,
        children=(
            EF("EF.DIR", 0x2F00, identity.DIRECTORY, _ISSUED, f"{REAL}; bytes {SYNTHETIC}", 0x1E, _FREE),
            EF("EF.ATR", 0x2F01, RawCodec(), _ISSUED, REAL, 0x1D, _FREE, "answer to reset, extended"),
            EF("EF.SN.ICC", 0xD003, identity.SERIAL, _FREE, REAL, 0x1C, _FREE, "serial number"),
            _APPLICATION,
            _CONTACTLESS,
            *VOLET,
        ),
        access={
            Operation.DELETE: NEVER,
            Operation.TERMINATE: NEVER,
            Operation.ACTIVATE: NEVER,
            Operation.DEACTIVATE: NEVER,
            Operation.CREATE_EF: _ISSUER,
        },
        pins=(
            PinObject(
                "Code porteur de la carte CPX",
                PIN,
                {
                    Operation.CHANGE: ALWAYS,
                    Operation.VERIFY: ALWAYS,
                    Operation.RESET: Pin(PUK),
                    Operation.PUT: NEVER,
                    Operation.GET: ALWAYS,
                },
                tries=3,
                source=REAL,
                use="pin",
                unblocked_by=PUK,
            ),
            PinObject(
                "Code de déblocage",
                PUK,
                {
                    Operation.CHANGE: NEVER,
                    Operation.VERIFY: ALWAYS,
                    Operation.RESET: NEVER,
                    Operation.PUT: NEVER,
                    Operation.GET: ALWAYS,
                },
                tries=10,
                source=REAL,
                use="puk",
                min_length=8,
                uses=100,
            ),
        ),
        environments=(pin_environment(3, PUK, "PUK 02"), _ISSUER_ENVIRONMENT),
        keysets=(
            KeySet(
                "issuer's key set",
                KEYSET_ISSUER,
                {Operation.MUTUAL_AUTHENTICATE: ALWAYS, Operation.PUT: NEVER, Operation.GET: ALWAYS},
                frozenset({0x0C, 0x8C, 0x54}),
                f"OpenSC 0.23, iasecc-sm.c (protocol); reference, rules and keys {SYNTHETIC}",
                TEST_MASTER_KEYS,
            ),
        ),
        applet=True,
    ),
    select_answers=frozenset({0x04, 0x0C}),
    source=REAL,
    contactless=Contactless(
        ATR_CONTACTLESS,
        AID_CONTACTLESS,
        f"pcsc-tools, {CRYPTOLIB} (ATR, application); rules mostly {SYNTHETIC}",
    ),
    party=CPS,
    issuer_signature=f"3F00/0001/{CPS_ISSUER_SIGNATURE_FID:04X}",
)
