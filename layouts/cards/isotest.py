"""A card for the commands that the French health cards do not have: every structure of file. All ``synthetic``: no such card exists.

Its historical bytes say what it can do: selection by name, path and identifier, records by number and identifier,
WRITE as logical OR, command chaining, extended length, more than 8 logical channels (ISO/IEC 7816-4:2020 §12.1.1.9).
"""

from bifente.apdu import tlv
from bifente.apdu.files.fcp import FileStructure
from bifente.apdu.files.security import Operation
from bifente.layouts.access import ALWAYS, NEVER, Pin, Rule
from bifente.layouts.codec import RawCodec
from bifente.layouts.codecs.recordlist import RecordsCodec
from bifente.layouts.nodes import (
    DF,
    EF,
    SYNTHETIC,
    Crt,
    DataObject,
    KeyObject,
    Layout,
    PinObject,
    SecurityEnvironment,
    ef_access,
)
from bifente.layouts.roles import pin_environment
from bifente.layouts.structures import Records, Transparent, WriteFunction

ATR = bytes.fromhex("3B8D018073F741DF67424946454E544526")
"""T=1 only (TD1 01); the last byte is its TCK."""

AID = bytes.fromhex("F0") + b"BIFENTE-ISO"
AID_GUARDED = bytes.fromhex("F0") + b"BIFENTE-ISO-2"

PIN, PUK = 0x01, 0x02
HOLDER = Pin(PIN)
"""SE#3 names the PIN."""


def _ef(
    name: str,
    fid: int,
    sfi: int,
    structure: Transparent | Records,
    meaning: str,
    rule: Rule = ALWAYS,
) -> EF:
    """Everything but termination is allowed by the same *rule*; termination is for the holder."""
    codec = RawCodec() if isinstance(structure, Transparent) else RecordsCodec(structure)
    access = ef_access(rule, rule, delete=rule, terminate=HOLDER, activate=rule, deactivate=rule, write=rule)
    return EF(name, fid, codec, access, SYNTHETIC, sfi, meaning=meaning, structure=structure, optional=True)


_CODE = {Operation.CHANGE: ALWAYS, Operation.VERIFY: ALWAYS, Operation.GET: ALWAYS}

_FREE = {Operation.GET: ALWAYS, Operation.PUT: ALWAYS}
_OBJECTS = (
    DataObject("LABEL", 0x0101, _FREE, SYNTHETIC, "a reference of the card's own"),
    DataObject("NUMBER", 0x0211, _FREE, SYNTHETIC, "a SIMPLE-TLV tag"),
    DataObject("NAME", 0x5B, _FREE, SYNTHETIC, "a BER-TLV tag of one byte"),
    DataObject(
        "LONG", 0x5F50, {Operation.GET: ALWAYS, Operation.PUT: HOLDER}, SYNTHETIC, "more than a short answer"
    ),
    DataObject("CERTIFICATES", 0x7F21, _FREE, SYNTHETIC, "up to three, chosen by SELECT DATA", most=3),
    DataObject(
        "PRIVATE", 0x5F51, {Operation.GET: HOLDER, Operation.PUT: HOLDER}, SYNTHETIC, "empty, under the PIN"
    ),
)

KEY = 0x81
_KEY = KeyObject(
    "KEY",
    KEY,
    {
        Operation.GENERATE: HOLDER,
        Operation.COMPUTE_SIGNATURE: HOLDER,
        Operation.INTERNAL_AUTHENTICATE: HOLDER,
        Operation.PUT: NEVER,
        Operation.GET: ALWAYS,
    },
    {Crt.SIGNATURE: frozenset({0x12, 0x42}), Crt.AUTHENTICATION: frozenset({0x02})},
    SYNTHETIC,
    "key",
    optional=True,
    generated=True,
)
_SIGNING = SecurityEnvironment(
    1,
    tlv.encode(
        0x7B,
        tlv.encode(0xAA, bytes.fromhex("800140"))
        + tlv.encode(0xB6, bytes((0x80, 1, 0x42, 0x84, 1, KEY)))
        + tlv.encode(0xA4, bytes((0x80, 1, 0x02, 0x84, 1, KEY))),
    ),
    "signing with SHA-256 and authenticating, by the key that the card has made",
    SYNTHETIC,
)

LAYOUT = Layout(
    "isotest",
    "ISO test card",
    "the ISO test card",
    ATR,
    AID,
    DF(
        "MF",
        0x3F00,
        SYNTHETIC,
        AID,
        children=(
            _ef("BINARY", 0xE101, 1, Transparent(WriteFunction.OR), "bytes; WRITE sets bits"),
            _ef("ONCE", 0xE102, 2, Transparent(WriteFunction.ONE_TIME), "bytes; WRITE needs erased ones"),
            _ef("FUSES", 0xE103, 3, Transparent(WriteFunction.AND), "bytes; WRITE clears bits"),
            _ef("FIXED", 0xE104, 4, Records(8, 8, writes=WriteFunction.OR), "up to 8 records of 8 bytes"),
            _ef(
                "VARIABLE",
                0xE105,
                5,
                Records(40, 16, FileStructure.LINEAR_VARIABLE, WriteFunction.OR),
                "up to 16 records of at most 40 bytes",
            ),
            _ef(
                "JOURNAL",
                0xE106,
                6,
                Records(6, 4, FileStructure.CYCLIC, WriteFunction.OR),
                "the last 4 records of 6 bytes",
            ),
            _ef(
                "TAGGED",
                0xE107,
                7,
                Records(32, 10, FileStructure.LINEAR_VARIABLE_TLV, WriteFunction.OR),
                "SIMPLE-TLV records, found by their tags",
            ),
            DF(
                "GUARDED",
                0xE200,
                SYNTHETIC,
                AID_GUARDED,
                children=(
                    _ef(
                        "SECRETS",
                        0xE201,
                        1,
                        Records(8, 4),
                        "up to 4 records of 8 bytes, under the PIN",
                        HOLDER,
                    ),
                    _ef("NOTE", 0xE202, 2, Transparent(), "bytes under the PIN", HOLDER),
                ),
                access={
                    Operation.TERMINATE: HOLDER,
                    Operation.ACTIVATE: HOLDER,
                    Operation.DEACTIVATE: HOLDER,
                    Operation.CREATE_DF: HOLDER,
                    Operation.CREATE_EF: HOLDER,
                    Operation.DELETE_CHILD: HOLDER,
                },
                keys=(_KEY,),
                environments=(
                    _SIGNING,
                    pin_environment(3, PIN, "PIN 01"),
                ),
            ),
        ),
        access={
            Operation.TERMINATE: HOLDER,
            Operation.ACTIVATE: ALWAYS,
            Operation.DEACTIVATE: HOLDER,
            Operation.CREATE_DF: ALWAYS,
            Operation.CREATE_EF: ALWAYS,
            Operation.DELETE_CHILD: HOLDER,
        },
        pins=(
            PinObject(
                "PIN",
                PIN,
                {**_CODE, Operation.RESET: Pin(PUK, 2)},
                tries=3,
                source=SYNTHETIC,
                use="pin",
                unblocked_by=PUK,
            ),
            PinObject(
                "PUK",
                PUK,
                {**_CODE, Operation.RESET: NEVER},
                tries=10,
                source=SYNTHETIC,
                use="puk",
                min_length=8,
            ),
        ),
        environments=(pin_environment(2, PUK, "PUK 02"), pin_environment(3, PIN, "PIN 01")),
        objects=_OBJECTS,
    ),
    select_answers=frozenset({0x00, 0x04, 0x0C}),
    source=SYNTHETIC,
)
