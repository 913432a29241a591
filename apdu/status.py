"""The status word SW1-SW2 (ISO/IEC 7816-4:2020 §5.6)."""

from enum import IntEnum


class SW(IntEnum):
    """A status word: named where ISO/IEC 7816-4 names it, and able to hold any other 16-bit value."""

    SUCCESS = 0x9000
    UNCHANGED_WARNING = 0x6200
    DATA_MAY_BE_CORRUPTED = 0x6281
    END_OF_FILE_REACHED = 0x6282
    FILE_DEACTIVATED = 0x6283
    FCI_BADLY_FORMATTED = 0x6284
    FILE_TERMINATED = 0x6285
    CHANGED_WARNING = 0x6300
    FILE_FILLED_UP = 0x6381
    EXECUTION_ERROR = 0x6400
    MEMORY_FAILURE = 0x6581
    WRONG_LENGTH = 0x6700
    LOGICAL_CHANNEL_NOT_SUPPORTED = 0x6881
    SECURE_MESSAGING_NOT_SUPPORTED = 0x6882
    LAST_COMMAND_OF_CHAIN_EXPECTED = 0x6883
    COMMAND_CHAINING_NOT_SUPPORTED = 0x6884
    INCOMPATIBLE_WITH_FILE_STRUCTURE = 0x6981
    SECURITY_STATUS_NOT_SATISFIED = 0x6982
    AUTHENTICATION_METHOD_BLOCKED = 0x6983
    REFERENCE_DATA_NOT_USABLE = 0x6984
    CONDITIONS_OF_USE_NOT_SATISFIED = 0x6985
    NO_CURRENT_EF = 0x6986
    SECURE_MESSAGING_OBJECTS_MISSING = 0x6987
    SECURE_MESSAGING_OBJECTS_INCORRECT = 0x6988
    INCORRECT_DATA_FIELD = 0x6A80
    FUNCTION_NOT_SUPPORTED = 0x6A81
    FILE_NOT_FOUND = 0x6A82
    RECORD_NOT_FOUND = 0x6A83
    NOT_ENOUGH_MEMORY = 0x6A84
    NC_INCONSISTENT_WITH_TLV = 0x6A85
    INCORRECT_P1_P2 = 0x6A86
    NC_INCONSISTENT_WITH_P1_P2 = 0x6A87
    REFERENCED_DATA_NOT_FOUND = 0x6A88
    FILE_ALREADY_EXISTS = 0x6A89
    DF_NAME_ALREADY_EXISTS = 0x6A8A
    WRONG_P1_P2 = 0x6B00
    INSTRUCTION_NOT_SUPPORTED = 0x6D00
    CLASS_NOT_SUPPORTED = 0x6E00
    NO_PRECISE_DIAGNOSIS = 0x6F00
    # those of a CPS2ter, class A0 (ansforge/dops-cryptolib, card-cps.c)
    CPS2TER_FILE_HEADER_CORRUPT = 0x9240
    CPS2TER_BAD_ADDRESS = 0x9402
    CPS2TER_FILE_NOT_FOUND = 0x9404
    CPS2TER_WRONG_FILE_TYPE = 0x9408
    CPS2TER_PIN_NOT_ACTIVATED = 0x9802
    CPS2TER_PIN_INCORRECT = 0x9804
    CPS2TER_PIN_INVALIDATED = 0x9808
    CPS2TER_FILE_INVALIDATED = 0x9810
    CPS2TER_PIN_LOCKED = 0x9840

    @classmethod
    def _missing_(cls, value: object) -> "SW | None":
        if not isinstance(value, int) or not 0 <= value <= 0xFFFF:
            return None
        unknown = int.__new__(cls, value)
        unknown._name_ = f"SW_{value:04X}"
        unknown._value_ = value
        return unknown

    @classmethod
    def retries(cls, left: int) -> "SW":
        """``63Cx``: *left* (0 to 15) further tries are allowed."""
        if not 0 <= left <= 15:
            raise ValueError(f"63Cx counts 0 to 15 tries, not {left}")
        return cls(0x63C0 | left)

    @classmethod
    def more(cls, available: int) -> "SW":
        """``61xx``: *available* bytes wait for GET RESPONSE (256 or more are announced as 00)."""
        if available < 1:
            raise ValueError("61xx announces at least one byte")
        return cls(0x6100 | (available if available < 256 else 0))

    @classmethod
    def more_in_a0(cls, available: int) -> "SW":
        """``9Fxx``: what ``61xx`` is in class A0 (*available* 1 to 256)."""
        return cls(0x9F00 | cls.more(available) & 0xFF)

    @classmethod
    def wrong_le(cls, exact: int) -> "SW":
        """``6Cxx``: repeat the command with Le = *exact* (1 to 256)."""
        if not 1 <= exact <= 256:
            raise ValueError(f"6Cxx names 1 to 256 bytes, not {exact}")
        return cls(0x6C00 | exact & 0xFF)

    @property
    def tries_left(self) -> int | None:
        """The counter of ``63Cx``, else None."""
        return self & 0x0F if self & 0xFFF0 == 0x63C0 else None

    @property
    def bytes_available(self) -> int | None:
        """What ``61xx`` announces (256 for 00), else None."""
        return (self & 0xFF) or 256 if self >> 8 == 0x61 else None

    @property
    def exact_le(self) -> int | None:
        """What ``6Cxx`` asks for (256 for 00), else None."""
        return (self & 0xFF) or 256 if self >> 8 == 0x6C else None

    @property
    def ok(self) -> bool:
        """``9000`` or ``61xx``: normal processing."""
        return self == 0x9000 or self >> 8 == 0x61

    @property
    def warning(self) -> bool:
        """``62xx`` or ``63xx``."""
        return self >> 8 in (0x62, 0x63)

    @property
    def meaning(self) -> str:
        """A few words, for a person."""
        if (left := self.tries_left) is not None:
            return f"verification failed, {left} {'try' if left == 1 else 'tries'} left"
        if (waiting := self.bytes_available) is not None:
            return f"{waiting}{' or more' if waiting == 256 else ''} bytes available"
        if (exact := self.exact_le) is not None:
            return f"wrong Le, repeat with {exact}"
        if self >> 8 == _MORE_IN_A0:
            return f"{(self & 0xFF) or 256} bytes available (CPS2ter)"
        if self.name.startswith("SW_"):
            return "not named by ISO/IEC 7816-4"
        return _WORDS.get(self) or self.name.replace("_", " ").lower()

    def to_bytes_be(self) -> bytes:
        """The two bytes SW1 SW2."""
        return self.to_bytes(2, "big")

    def __reduce_ex__(self, protocol: object, /) -> tuple[type["SW"], tuple[int]]:
        # Python 3.11.2 pickles the members of an enumeration by name, and an unknown value has none.
        return SW, (int(self),)

    def __str__(self) -> str:
        return f"{self.value:04X} ({self.meaning})"


_MORE_IN_A0 = 0x9F

_WORDS = {
    SW.CPS2TER_FILE_HEADER_CORRUPT: "CPS2ter: the file's header is corrupt",
    SW.CPS2TER_BAD_ADDRESS: "CPS2ter: bad address in the file, or bad length",
    SW.CPS2TER_FILE_NOT_FOUND: "CPS2ter: file identifier not found",
    SW.CPS2TER_WRONG_FILE_TYPE: "CPS2ter: the command is not for a file of this type",
    SW.CPS2TER_PIN_NOT_ACTIVATED: "CPS2ter: PIN not activated",
    SW.CPS2TER_PIN_INCORRECT: "CPS2ter: PIN incorrect or not presented",
    SW.CPS2TER_PIN_INVALIDATED: "CPS2ter: PIN invalidated",
    SW.CPS2TER_FILE_INVALIDATED: "CPS2ter: file invalidated",
    SW.CPS2TER_PIN_LOCKED: "CPS2ter: PIN locked",
    SW.SUCCESS: "success",
    SW.CHANGED_WARNING: "authentication failed",
    SW.END_OF_FILE_REACHED: "end of file before Le bytes",
    SW.AUTHENTICATION_METHOD_BLOCKED: "authentication method blocked",
    SW.NO_CURRENT_EF: "command not allowed, no current EF",
    SW.INCORRECT_P1_P2: "incorrect parameters P1-P2",
    SW.WRONG_P1_P2: "wrong parameters P1-P2 (offset outside the file)",
}
