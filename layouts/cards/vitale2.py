"""The carte Vitale 2.

ATR, applications, the file map POINTERS and the freely readable identity are public: cardpeek's ``vitale_2.lua`` and
the readers found in public repositories. Where the rights stand, who opens them and by which keys is not: those files,
rules and keys are ``synthetic``.
"""

from bifente.apdu.files.security import Operation
from bifente.layouts.access import ALWAYS, NEVER, Rule, SecureMessagingRule
from bifente.layouts.codec import Codec, RawCodec
from bifente.layouts.codecs import identity, volets
from bifente.layouts.codecs.groupfiles import GroupsCodec, beneficiary_file
from bifente.layouts.nodes import (
    DF,
    EF,
    SYNTHETIC,
    Access,
    Crt,
    KeyObject,
    KeySet,
    Layout,
    SecretKey,
    ef_access,
)
from bifente.layouts.recognition import (
    ALGORITHM_RECOGNITION,
    ALGORITHM_SHEET,
    KEY_RECOGNITION,
    KEY_SHEET,
    SHEET_CERTIFICATE_FID,
    VITALE,
    VITALE_CERTIFICATE_FID,
    VITALE_ISSUER_SIGNATURE_FID,
)
from bifente.layouts.roles import ANY_PROFESSIONAL, EMERGENCY_VOLET, MEDICAL_VOLET, RECOGNISED, environment
from bifente.ssv.people import BENEFICIARIES

ATR = bytes.fromhex("3B75130000 4709EA9000")

AID_MF = bytes.fromhex("D250000002") + b"MF_VITALE"
AID_VITALE = bytes.fromhex("D250000002") + b"VITALE"
AID_ADELE = bytes.fromhex("D250000004") + "Adèle".encode("latin-1") + b"\x01\x01"
AID_ADELE_CIA = bytes.fromhex("E828BD080FD250000004") + "Adèle".encode("latin-1")

CARDPEEK = "cardpeek vitale_2.lua"
READERS = "public Vitale readers"

FIRST_GROUP_FID, FIRST_BENEFICIARY_FID = 0x2101, 0x2201
NIR_FID, EMERGENCY_FID, MEDICAL_FID = 0x2002, 0x2301, 0x2302

KEYSET_ISSUER = 0x0A
KEY_ENCIPHERING, KEY_AUTHENTICATING = 0x0A, 0x0B
"""The issuer's keys on the card, each card's own (``synthetic``): by them a kiosk updates it."""

UPDATE_RULE = SecureMessagingRule(environment=5, keyset=KEYSET_ISSUER)
"""Who may send an issuer's update (:mod:`bifente.layouts.issuerupdate`)."""

_ISSUER_KEY = {Operation.MUTUAL_AUTHENTICATE: ALWAYS, Operation.PUT: NEVER, Operation.GET: NEVER}

_FREE = ef_access(read=ALWAYS)


def _ef(
    name: str, fid: int, codec: Codec, meaning: str, read: Rule = ANY_PROFESSIONAL, update: Rule = NEVER
) -> EF:
    return EF(
        name,
        fid,
        codec,
        ef_access(read=read, update=update),
        SYNTHETIC,
        meaning=meaning,
        optional=True,
        personal=True,
        issued=isinstance(codec, GroupsCodec),
    )


def _key(
    name: str, use: str, reference: int, operation: Operation, crt: Crt, algorithm: int, rule: Rule
) -> KeyObject:
    access: Access = {operation: rule, Operation.PUT: NEVER, Operation.GET: ALWAYS}
    return KeyObject(
        name, reference, access, {crt: frozenset({algorithm})}, SYNTHETIC, use, non_repudiation=False
    )


_VITALE = DF(
    "ADF VITALE",
    0x0001,
    f"{CARDPEEK}; FID {SYNTHETIC}",
    AID_VITALE,
    children=(
        EF("POINTERS", 0x2001, identity.POINTERS, _FREE, CARDPEEK, meaning="the map of the files"),
        EF(
            "EF.NIR",
            NIR_FID,
            identity.NIR,
            _FREE,
            f"{READERS} (SFI and content); FID {SYNTHETIC}",
            0x02,
            meaning="country, NIR and beginning of validity",
            personal=True,
        ),
        EF(
            "EF.SIG.ISSUER",
            VITALE_ISSUER_SIGNATURE_FID,
            RawCodec(),
            ef_access(read=RECOGNISED),
            SYNTHETIC,
            meaning="the issuer's signature over the rights",
            optional=True,
        ),
        _ef("G101", 0x2101, GroupsCodec(), "SSV group 101: données assuré"),
        _ef("G102", 0x2102, GroupsCodec(), "SSV group 102: service AMO famille"),
        _ef("G103", 0x2103, GroupsCodec(), "SSV group 103: accident du travail"),
        *(
            _ef(
                beneficiary_file(number),
                FIRST_BENEFICIARY_FID + number - 1,
                GroupsCodec(),
                f"SSV groups 104 to 111 of bénéficiaire {number}",
            )
            for number in range(1, BENEFICIARIES + 1)
        ),
        _ef(
            "URGENCE",
            EMERGENCY_FID,
            volets.EMERGENCY,
            "volet d'urgence: person to warn, treating doctor",
            EMERGENCY_VOLET,
        ),
        _ef(
            "MEDICAL",
            MEDICAL_FID,
            volets.MEDICAL,
            "volet médical: allergies, long treatments",
            MEDICAL_VOLET,
            MEDICAL_VOLET,
        ),
    ),
    access={Operation.CREATE_DF: NEVER},
    keys=(
        _key(
            "recognition",
            "recognition",
            KEY_RECOGNITION,
            Operation.INTERNAL_AUTHENTICATE,
            Crt.AUTHENTICATION,
            ALGORITHM_RECOGNITION,
            RECOGNISED,
        ),
    ),
    environments=tuple(
        environment(rule) for rule in (ANY_PROFESSIONAL, MEDICAL_VOLET, EMERGENCY_VOLET, RECOGNISED)
    ),
)

_ADELE = DF(
    "ADF Adèle",
    0x0002,
    f"{CARDPEEK} (comment); FID and content {SYNTHETIC}",
    AID_ADELE,
    children=(
        EF(
            "EF.CVC.SHEET",
            SHEET_CERTIFICATE_FID,
            RawCodec(),
            _FREE,
            SYNTHETIC,
            meaning="CV certificate of the sheet signature key 81",
            certifies="sheet",
        ),
    ),
    access={Operation.CREATE_DF: NEVER},
    keys=(
        _key(
            "sheet signature",
            "sheet",
            KEY_SHEET,
            Operation.COMPUTE_SIGNATURE,
            Crt.SIGNATURE,
            ALGORITHM_SHEET,
            ANY_PROFESSIONAL,
        ),
    ),
    environments=(environment(ANY_PROFESSIONAL),),
)

_ADELE_CIA = DF(
    "DF CIA Adèle",
    0x0003,
    f"{CARDPEEK} (comment); FID and content {SYNTHETIC}",
    AID_ADELE_CIA,
    access={Operation.CREATE_DF: NEVER},
)

LAYOUT = Layout(
    "vitale2",
    "carte Vitale 2",
    "a carte Vitale",
    ATR,
    AID_VITALE,
    DF(
        "MF",
        0x3F00,
        CARDPEEK,
        AID_MF,
        children=(
            EF("EF.DIR", 0x2F00, identity.DIRECTORY, _FREE, f"{CARDPEEK}; content {SYNTHETIC}"),
            EF(
                "EF.PAN",
                0x2F02,
                identity.SERIAL,
                _FREE,
                f"{CARDPEEK}; content {SYNTHETIC}",
                meaning="card number",
            ),
            EF(
                "EF.ID",
                0xD001,
                identity.IDENTITY,
                _FREE,
                READERS,
                0x02,
                meaning="names and date of birth of the holder",
                personal=True,
            ),
            EF(
                "EF.CVC",
                VITALE_CERTIFICATE_FID,
                RawCodec(),
                _FREE,
                SYNTHETIC,
                meaning="CV certificate of the recognition key 83",
                certifies="recognition",
            ),
            _VITALE,
            _ADELE,
            _ADELE_CIA,
        ),
        access={Operation.CREATE_DF: NEVER},
        secrets=tuple(
            SecretKey(name, reference, _ISSUER_KEY, 0x54, SYNTHETIC, use=use, optional=True, cipher="AES-128")
            for name, reference, use in (
                ("issuer's update, enciphering", KEY_ENCIPHERING, "update-enciphering"),
                ("issuer's update, authenticating", KEY_AUTHENTICATING, "update-authenticating"),
            )
        ),
        keysets=(
            KeySet(
                "issuer's update",
                KEYSET_ISSUER,
                {Operation.MUTUAL_AUTHENTICATE: ALWAYS, Operation.PUT: NEVER, Operation.GET: NEVER},
                frozenset({0x54}),
                SYNTHETIC,
                masters=None,
                secrets=(KEY_ENCIPHERING, KEY_AUTHENTICATING),
            ),
        ),
    ),
    select_answers=frozenset({0x00, 0x04, 0x0C}),
    source=CARDPEEK,
    party=VITALE,
    issuer_signature=f"3F00/0001/{VITALE_ISSUER_SIGNATURE_FID:04X}",
    atr_differs={5: b"", 7: b""},
)

UPDATED = frozenset(
    {
        "POINTERS",
        "EF.ID",
        "EF.NIR",
        "EF.SIG.ISSUER",
        *LAYOUT.certificates(),
        *(node.name for _, node in LAYOUT.issued()),
    }
)
"""The files that an issuer's update may change: rights, certificates, and what repeats them; no volet, no number."""
