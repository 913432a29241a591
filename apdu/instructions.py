"""The one table of instructions: what each is called, where its secrets stand, and what it does to a card.

T=0 front, masking, explaining, replaying, comparing and terminals ask it; nobody else knows an instruction byte. An
instruction is added by one line of :data:`TABLE`. Of a code that is not there nobody knows anything: its data are
hidden, it may answer, it is called ``INS xx``.

Sources: ISO/IEC 7816-4:2020 table 5 and §11, with those of parts 8 and 9; for class A0 the reader protocol of the
CPS2ter in ansforge/dops-cryptolib; PC/SC part 3; 3GPP TS 51.011.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from functools import partial
from types import MappingProxyType
from typing import Final, NamedTuple

VERIFY: Final = 0x20
MANAGE_SECURITY_ENVIRONMENT: Final = 0x22
CHANGE_REFERENCE_DATA: Final = 0x24
PERFORM_SECURITY_OPERATION: Final = 0x2A
RESET_RETRY_COUNTER: Final = 0x2C
MANAGE_CHANNEL: Final = 0x70
EXTERNAL_AUTHENTICATE: Final = 0x82
GET_CHALLENGE: Final = 0x84
INTERNAL_AUTHENTICATE: Final = 0x88
SELECT: Final = 0xA4
READ_BINARY: Final = 0xB0
READ_RECORD: Final = 0xB2
GET_RESPONSE: Final = 0xC0
GET_DATA: Final = 0xCA
PUT_DATA: Final = 0xDA
UPDATE_BINARY: Final = 0xD6
UPDATE_RECORD: Final = 0xDC
APPEND_RECORD: Final = 0xE2
SELECT_DATA: Final = 0xA5
GENERATE_KEY_PAIR: Final = 0x46
DEACTIVATE_FILE: Final = 0x04
ACTIVATE_FILE: Final = 0x44
CREATE_FILE: Final = 0xE0
DELETE_FILE: Final = 0xE4
TERMINATE_DF: Final = 0xE6
TERMINATE_EF: Final = 0xE8
TERMINATE_CARD_USAGE: Final = 0xFE
ERASE_RECORD: Final = 0x0C
ERASE_BINARY: Final = 0x0E
SEARCH_BINARY: Final = 0xA0
SEARCH_RECORD: Final = 0xA2
WRITE_BINARY: Final = 0xD0
WRITE_RECORD: Final = 0xD2
ECHO: Final = 0xEE
CPS2TER_STATUS: Final = 0xF2
"""In class A0."""

BER_TLV: Final = 0x01
"""The bit of an interindustry INS that says: the data field is BER-TLV (ISO/IEC 7816-4:2020 §5.5)."""


class InstructionSet(Enum):
    """Whose code it is. Only the class tells one meaning of a code from another."""

    INTERINDUSTRY = "interindustry"
    CPS2TER = "CPS2ter"
    """Class A0."""
    SIM = "SIM"
    """Known in logs only, where class A0 does not tell it from a CPS2ter."""
    READER = "reader"
    """Class FF: said to the reader itself (PC/SC part 3 §3.2.2)."""
    TEST_CARD = "test card"
    """Synthetic: the T=1 test card's own."""


class Purpose(Enum):
    """What an instruction is for."""

    SELECTION = "selection"
    READING = "reading"
    WRITING = "writing"
    PIN = "PIN"
    AUTHENTICATION = "authentication"
    ENVIRONMENT = "security environment"
    OPERATION = "security operation"
    CONTINUATION = "continuation"
    """Fetches what an earlier command has left."""
    OTHER = "other"


class CommandData(Enum):
    """What the data field of a command is."""

    UNKNOWN = "unknown"
    """Nobody knows, so it is hidden; and the bytes may be no command at all but a PIN."""
    OPEN = "open"
    HIDDEN = "hidden"
    """A key, or another command."""
    PIN = "PIN"
    """Without a data field P3 may be a digit, and what is not a P1 of these instructions too."""
    BY_P2 = "by P2"
    """Secret when P2 of PERFORM SECURITY OPERATION names a plain value."""


class AnswerData(Enum):
    """What the data of an answer are."""

    OPEN = "open"
    HIDDEN = "hidden"
    BY_P1 = "by P1"
    """Secret when P1 of PERFORM SECURITY OPERATION names a plain value."""
    BY_OBJECT = "by object"
    """Secret when the value of a PIN or a private key is asked for."""


class Effect(Enum):
    """What whoever listens learns of the card when the instruction succeeds."""

    SELECTS = "selects a file"
    ADDRESSES = "may select a file by its short identifier, and names an offset"
    PRESENTS_PIN = "presents a PIN, asks for its state, or logs out"
    REPLACES_PIN = "gives a PIN another value"
    SETS_ENVIRONMENT = "sets the security environment"
    AUTHENTICATES = "proves who the other side is"
    CONTINUES = "gives what an earlier command has left"


class InstructionSpec(NamedTuple):
    """One line of the table. A tuple: a frozen dataclass with this many fields takes three times as long to load."""

    code: int
    name: str
    """Empty for a code that no document assigns."""
    clause: str
    """The document, and the clause where it is known."""
    purpose: Purpose = Purpose.OTHER
    data: CommandData = CommandData.UNKNOWN
    answer: AnswerData = AnswerData.OPEN
    instruction_set: InstructionSet = InstructionSet.INTERINDUSTRY
    silent: bool = False
    """A status word is all it answers, whatever its Le (ISO/IEC 7816-4:2020 §11, -8, -9)."""
    le_is_amount: bool = False
    """Le chooses how many bytes are made, and not only how many the terminal can take."""
    outgoing: bool = False
    """Under T=0 its P3 counts what the card sends (ISO/IEC 7816-3:2006 §10.3.2)."""
    changes: bool = False
    """It changes a card for good: a trace is not replayed on a real card with it unless that is wanted."""
    holds_file: bool = False
    """What a file holds stands in the command (WRITING) or in the answer (READING)."""
    effect: Effect | None = None
    done: str = "done"
    """Success in a word."""


_P4: Final = "ISO/IEC 7816-4:2020 §11"
_P8: Final = "ISO/IEC 7816-8"
_P9: Final = "ISO/IEC 7816-9"
_CPS: Final = "ansforge/dops-cryptolib, reader protocol of the CPS2ter"
_UNASSIGNED: Final = "assigned by no document"


_pin = partial(InstructionSpec, purpose=Purpose.PIN, data=CommandData.PIN, silent=True, changes=True)
_proof = partial(InstructionSpec, purpose=Purpose.AUTHENTICATION, data=CommandData.OPEN)
"""Proves who somebody is: what it carries is new each time, and not a secret."""
_read = partial(
    InstructionSpec, purpose=Purpose.READING, data=CommandData.OPEN, outgoing=True, holds_file=True
)
_write = partial(InstructionSpec, purpose=Purpose.WRITING, data=CommandData.OPEN, silent=True, changes=True)
_cps2ter = partial(InstructionSpec, clause=_CPS, instruction_set=InstructionSet.CPS2TER, changes=True)
"""Taken to change the card unless it is known to read."""

TABLE: Final[tuple[InstructionSpec, ...]] = (
    _write(DEACTIVATE_FILE, "DEACTIVATE FILE", _P9),
    _write(ERASE_RECORD, "ERASE RECORD", f"{_P4}.4.8"),
    _write(ERASE_BINARY, "ERASE BINARY", f"{_P4}.3.7"),
    _write(0x0F, "ERASE BINARY", f"{_P4}.3.7"),
    _pin(VERIFY, "VERIFY", f"{_P4}.6.6", effect=Effect.PRESENTS_PIN, done="verified", changes=False),
    _pin(0x21, "VERIFY", f"{_P4}.6.6", effect=Effect.PRESENTS_PIN, done="verified", changes=False),
    InstructionSpec(MANAGE_SECURITY_ENVIRONMENT, "MANAGE SECURITY ENVIRONMENT", f"{_P4}.6.11", Purpose.ENVIRONMENT,
                    CommandData.OPEN, silent=True, effect=Effect.SETS_ENVIRONMENT, done="set"),
    _pin(CHANGE_REFERENCE_DATA, "CHANGE REFERENCE DATA", f"{_P4}.6.7", effect=Effect.REPLACES_PIN, done="changed"),
    _pin(0x25, "CHANGE REFERENCE DATA", f"{_P4}.6.7", effect=Effect.REPLACES_PIN, done="changed"),
    _pin(0x26, "DISABLE VERIFICATION REQUIREMENT", f"{_P4}.6"),
    InstructionSpec(0x27, "", _UNASSIGNED, Purpose.PIN, CommandData.PIN),
    _pin(0x28, "ENABLE VERIFICATION REQUIREMENT", f"{_P4}.6"),
    InstructionSpec(0x29, "", _UNASSIGNED, Purpose.PIN, CommandData.PIN),
    InstructionSpec(PERFORM_SECURITY_OPERATION, "PERFORM SECURITY OPERATION", f"{_P8}:2021 §5.3", Purpose.OPERATION,
                    CommandData.BY_P2, AnswerData.BY_P1),
    InstructionSpec(0x2B, "PERFORM SECURITY OPERATION", f"{_P8}:2021 §5.3", Purpose.OPERATION,
                    CommandData.BY_P2, AnswerData.BY_P1),
    _pin(RESET_RETRY_COUNTER, "RESET RETRY COUNTER", f"{_P4}.6.10", effect=Effect.REPLACES_PIN, done="unblocked"),
    _pin(0x2D, "RESET RETRY COUNTER", f"{_P4}.6.10", effect=Effect.REPLACES_PIN, done="unblocked"),
    _write(ACTIVATE_FILE, "ACTIVATE FILE", _P9),
    _write(GENERATE_KEY_PAIR, "GENERATE ASYMMETRIC KEY PAIR", _P8, silent=False),
    _write(0x47, "GENERATE ASYMMETRIC KEY PAIR", _P8, silent=False),
    InstructionSpec(MANAGE_CHANNEL, "MANAGE CHANNEL", f"{_P4}.2.3", data=CommandData.OPEN, outgoing=True),
    _proof(EXTERNAL_AUTHENTICATE, "EXTERNAL AUTHENTICATE", f"{_P4}.6", effect=Effect.AUTHENTICATES,
           done="authenticated"),
    _proof(GET_CHALLENGE, "GET CHALLENGE", f"{_P4}.6", le_is_amount=True, outgoing=True),
    _proof(0x86, "GENERAL AUTHENTICATE", f"{_P4}.6"),
    _proof(0x87, "GENERAL AUTHENTICATE", f"{_P4}.6"),
    _proof(INTERNAL_AUTHENTICATE, "INTERNAL AUTHENTICATE", f"{_P4}.6"),
    InstructionSpec(SEARCH_BINARY, "SEARCH BINARY", f"{_P4}.3.6", data=CommandData.OPEN),
    InstructionSpec(0xA1, "SEARCH BINARY", f"{_P4}.3.6", data=CommandData.OPEN),
    InstructionSpec(SEARCH_RECORD, "SEARCH RECORD", f"{_P4}.4.7", data=CommandData.OPEN),
    InstructionSpec(SELECT, "SELECT", f"{_P4}.2.2", Purpose.SELECTION, CommandData.OPEN, effect=Effect.SELECTS,
                    done="selected"),
    InstructionSpec(SELECT_DATA, "SELECT DATA", f"{_P4}.5.2", data=CommandData.OPEN, silent=True, done="selected"),
    _read(READ_BINARY, "READ BINARY", f"{_P4}.3.3", le_is_amount=True, effect=Effect.ADDRESSES),
    _read(0xB1, "READ BINARY", f"{_P4}.3.3"),
    _read(READ_RECORD, "READ RECORD", f"{_P4}.4.3", le_is_amount=True),
    _read(0xB3, "READ RECORD", f"{_P4}.4.3"),
    InstructionSpec(GET_RESPONSE, "GET RESPONSE", f"{_P4}.7.1", Purpose.CONTINUATION, CommandData.OPEN,
                    outgoing=True, effect=Effect.CONTINUES),
    InstructionSpec(0xC2, "ENVELOPE", f"{_P4}.7", data=CommandData.HIDDEN),
    InstructionSpec(0xC3, "ENVELOPE", f"{_P4}.7", data=CommandData.HIDDEN),
    InstructionSpec(GET_DATA, "GET DATA", f"{_P4}.5.3", Purpose.READING, CommandData.OPEN, AnswerData.BY_OBJECT,
                    outgoing=True),
    InstructionSpec(GET_DATA | BER_TLV, "GET DATA", f"{_P4}.5.3", Purpose.READING, CommandData.OPEN,
                    AnswerData.BY_OBJECT),
    _write(WRITE_BINARY, "WRITE BINARY", f"{_P4}.3.4", holds_file=True, effect=Effect.ADDRESSES),
    _write(0xD1, "WRITE BINARY", f"{_P4}.3.4", holds_file=True),
    _write(WRITE_RECORD, "WRITE RECORD", f"{_P4}.4.4", holds_file=True),
    _write(UPDATE_BINARY, "UPDATE BINARY", f"{_P4}.3.5", holds_file=True, effect=Effect.ADDRESSES, done="written"),
    _write(0xD7, "UPDATE BINARY", f"{_P4}.3.5", holds_file=True, done="written"),
    _write(PUT_DATA, "PUT DATA", f"{_P4}.5.4", data=CommandData.HIDDEN),
    _write(PUT_DATA | BER_TLV, "PUT DATA", f"{_P4}.5.4", data=CommandData.HIDDEN),
    _write(UPDATE_RECORD, "UPDATE RECORD", f"{_P4}.4.5", holds_file=True, done="written"),
    _write(0xDD, "UPDATE RECORD", f"{_P4}.4.5", holds_file=True, done="written"),
    _write(CREATE_FILE, "CREATE FILE", _P9),
    _write(APPEND_RECORD, "APPEND RECORD", f"{_P4}.4.6", holds_file=True, done="written"),
    _write(DELETE_FILE, "DELETE FILE", _P9),
    _write(TERMINATE_DF, "TERMINATE DF", _P9),
    _write(TERMINATE_EF, "TERMINATE EF", _P9),
    _write(TERMINATE_CARD_USAGE, "TERMINATE CARD USAGE", _P9),
    _cps2ter(0x04, "Invalidate", data=CommandData.OPEN),
    _cps2ter(0x10, "Diversifie", purpose=Purpose.OPERATION),
    _cps2ter(0x20, "VerifyCHV", purpose=Purpose.PIN, data=CommandData.PIN, changes=False),
    _cps2ter(0x24, "ChangeCHV", purpose=Purpose.PIN, data=CommandData.PIN),
    _cps2ter(0x2C, "UnblockCHV", purpose=Purpose.PIN, data=CommandData.PIN),
    _cps2ter(0x3E, "CalculRSA", purpose=Purpose.OPERATION),
    _cps2ter(0x44, "Rehabilitate", data=CommandData.OPEN),
    _cps2ter(0x46, "GenerateSessionKey", purpose=Purpose.OPERATION, data=CommandData.HIDDEN, answer=AnswerData.HIDDEN),
    _cps2ter(0x48, "EncipherSessionKey", purpose=Purpose.OPERATION, answer=AnswerData.HIDDEN),
    _cps2ter(0x4A, "DecipherSessionKey", purpose=Purpose.OPERATION, answer=AnswerData.HIDDEN),
    _cps2ter(0x4C, "RecoverSessionKey", purpose=Purpose.OPERATION, answer=AnswerData.HIDDEN),
    _cps2ter(0x4E, "AuthenExt", purpose=Purpose.AUTHENTICATION),
    _cps2ter(0x50, "AuthenIntExt", purpose=Purpose.AUTHENTICATION),
    _cps2ter(0x52, "SignIntExt", purpose=Purpose.OPERATION),
    _cps2ter(0x58, "RSAVerifie", purpose=Purpose.OPERATION),
    _cps2ter(0x5A, "Compare"),
    _cps2ter(0x5C, "Certifie", purpose=Purpose.OPERATION),
    _cps2ter(0x5E, "SignExt", purpose=Purpose.OPERATION),
    _cps2ter(0x76, "Lock"),
    _cps2ter(0x82, "ExternalAuthentication", purpose=Purpose.AUTHENTICATION, data=CommandData.OPEN),
    _cps2ter(0x84, "AskRandom", purpose=Purpose.AUTHENTICATION, data=CommandData.OPEN, outgoing=True, changes=False),
    _cps2ter(0x86, "GiveRandom", purpose=Purpose.AUTHENTICATION, data=CommandData.OPEN),
    _cps2ter(0x88, "InternalAuthentication", purpose=Purpose.AUTHENTICATION, data=CommandData.OPEN),
    _cps2ter(0xA4, "Select", purpose=Purpose.SELECTION, data=CommandData.OPEN, changes=False),
    _cps2ter(0xA8, "Dir", purpose=Purpose.READING, data=CommandData.OPEN, outgoing=True, changes=False),
    _cps2ter(0xB0, "ReadBinary", purpose=Purpose.READING, data=CommandData.OPEN, outgoing=True, changes=False),
    _cps2ter(0xB4, "ReadBinaryStamped", purpose=Purpose.READING, outgoing=True, changes=False),
    _cps2ter(0xC0, "GetResponse", purpose=Purpose.CONTINUATION, data=CommandData.OPEN, outgoing=True, changes=False),
    _cps2ter(0xD0, "WriteBinary", purpose=Purpose.WRITING, data=CommandData.OPEN),
    _cps2ter(0xD4, "DeleteFile", purpose=Purpose.WRITING),
    _cps2ter(0xD6, "UpdateBinary", purpose=Purpose.WRITING, data=CommandData.OPEN),
    _cps2ter(0xD8, "LoadKeyFile", purpose=Purpose.WRITING, data=CommandData.HIDDEN),
    _cps2ter(0xE0, "CreateFile", purpose=Purpose.WRITING, data=CommandData.OPEN),
    _cps2ter(CPS2TER_STATUS, "Status", purpose=Purpose.READING, data=CommandData.OPEN, outgoing=True, changes=False),
    _cps2ter(0xF4, "LoadEXE", purpose=Purpose.WRITING),
    _cps2ter(0xF6, "LockEXE", purpose=Purpose.WRITING),
    InstructionSpec(0x12, "FETCH", "3GPP TS 51.011 §9.2", instruction_set=InstructionSet.SIM, outgoing=True),
    InstructionSpec(0x82, "LOAD KEYS", "PC/SC part 3 §3.2.2.1.4", data=CommandData.HIDDEN, instruction_set=InstructionSet.READER),
    InstructionSpec(ECHO, "ECHO", "synthetic", data=CommandData.OPEN, instruction_set=InstructionSet.TEST_CARD),
)  # fmt: skip


def _of(which: InstructionSet) -> Mapping[int, InstructionSpec]:
    return MappingProxyType({each.code: each for each in TABLE if each.instruction_set is which})


INTERINDUSTRY: Final = _of(InstructionSet.INTERINDUSTRY)
_CPS2TER: Final = _of(InstructionSet.CPS2TER)
_READER: Final = _of(InstructionSet.READER)
BY_CODE: Final[Mapping[int, InstructionSpec]] = MappingProxyType(
    {each.code: each for each in reversed(TABLE)} | dict(INTERINDUSTRY)
)
"""What a code means where the class is not to be trusted: interindustry before all others."""


def is_cps2ter(cla: int) -> bool:
    """The class of the CPS2ter, on any channel."""
    return cla & 0xF0 == 0xA0


def instruction(cla: int, ins: int) -> InstructionSpec | None:
    """The line of the table for a command of this class; None for a code that nobody knows."""
    if cla >= 0xA0:
        if is_cps2ter(cla) and ins in _CPS2TER:
            return _CPS2TER[ins]
        if cla == 0xFF and ins in _READER:
            return _READER[ins]
    return INTERINDUSTRY.get(ins)


def instruction_name(cla: int, ins: int) -> str:
    """What a command is called, ``INS xx`` when it has no name."""
    known = instruction(cla, ins)
    if known is None or not known.name:
        return f"INS {ins:02X}"
    return f"CPS2ter {known.name}" if known.instruction_set is InstructionSet.CPS2TER else known.name


def codes(
    chosen: Callable[[InstructionSpec], bool], among: Mapping[int, InstructionSpec] = INTERINDUSTRY
) -> frozenset[int]:
    """The instruction bytes whose line is *chosen*. Whoever asks for every command asks once, at import."""
    return frozenset(code for code, known in among.items() if chosen(known))


SECURITY_OPERATIONS: Final = codes(lambda known: known.purpose is Purpose.OPERATION)
"""PERFORM SECURITY OPERATION, in both its codes."""

PSO_NOTHING: Final = 0x00
"""P1 of PERFORM SECURITY OPERATION: nothing comes out, the card verifies (ISO/IEC 7816-8:2021 §5.3)."""
PSO_PLAIN: Final = 0x80
"""P1 or P2: a plain value comes out (DECIPHER) or goes in (ENCIPHER)."""
PSO_HASH: Final = 0x90
"""P1: a hash is made, and stays in the card."""
PSO_SIGNATURE: Final = 0x9E
"""P1: a digital signature comes out."""

PSO_NAMES: Final[Mapping[int, str]] = MappingProxyType({
    0x90A0: "PSO HASH",
    0x9080: "PSO HASH",
    0x9E9A: "PSO COMPUTE DIGITAL SIGNATURE",
    0x9EAC: "PSO COMPUTE DIGITAL SIGNATURE",
    0x8086: "PSO DECIPHER",
    0x8084: "PSO DECIPHER",
    0x8680: "PSO ENCIPHER",
    0x8480: "PSO ENCIPHER",
    0x8E80: "PSO COMPUTE CRYPTOGRAPHIC CHECKSUM",
    0x00A2: "PSO VERIFY CRYPTOGRAPHIC CHECKSUM",
    0x00A8: "PSO VERIFY DIGITAL SIGNATURE",
    0x00AE: "PSO VERIFY CERTIFICATE",
    0x00BE: "PSO VERIFY CERTIFICATE",
    0x0092: "PSO VERIFY CERTIFICATE",
})  # fmt: skip
"""ISO/IEC 7816-8:2021 §5.3, by P1-P2."""

PSO_CERTIFICATES: Final = frozenset(
    operation for operation, name in PSO_NAMES.items() if name.endswith("CERTIFICATE")
)
