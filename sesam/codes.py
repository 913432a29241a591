"""The return codes of GALSS, SSV and SGD, by public lists (spec/fse.md §3.4, spec/cards.md §1.6, the header of a reader maker's
public GALSS client), and the one that is ours.

Where no public list has a code for a case, the nearest one is taken: docs/sesam.md says which.
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final


class ReturnCode(IntEnum):
    """What a function returns."""

    OK = 0x0000
    INTERNAL = 0x0001
    NO_NUMBER_LEFT = 0x0002
    EXCLUSIVE = 0x0004
    OUT_OF_SEQUENCE = 0x0008
    SIZE = 0x0010
    NO_CONTEXT = 0x0020
    ABORTED_BY_READER = 0x0040
    TRANSMISSION = 0x0200
    TIMEOUT = 0x0400
    ALREADY_OPEN = 0x0800
    NO_SESSION = 0x1000
    NO_RESOURCE = 0x2000
    PARAMETER = 0x4000
    INI_MISSING = 0x8001
    NO_SERVER = 0x8002
    TRACE_MODULE = 0xD200
    TRACE_FILE = 0xD201
    CPS_ABSENT = 0xF001
    WRONG_PIN = 0xF003
    CPS_UNUSABLE = 0xF004
    VITALE_ABSENT = 0xF011
    VITALE_UNUSABLE = 0xF014
    VITALE_REMOVED = 0xF015
    TEST_WITH_REAL = 0xF026
    MUTUELLE_AND_AMC = 0xF0F0
    READER_MESSAGE = 0xF0FF
    UNKNOWN_RESOURCE = 0xF101
    NOT_INITIALISED = 0xF600
    ALREADY_INITIALISED = 0xF670
    SGD_OUTPUT = 0xF800
    SGD_MEMORY = 0xF801
    SGD_INPUT = 0xF802
    SGD_FULL = 0xF804
    SGD_NOT_FOUND = 0xF805
    SGD_NO_OCCURRENCE = 0xF806
    SGD_NO_SESSION = 0xF807
    SGD_NO_GROUP = 0xF809
    SGD_NO_SESSION_LEFT = 0xF80A
    SGD_END = 0xF80B
    NOT_AVAILABLE = 0xFBF0
    """Ours (``synthetic``): the function is known by its name and does nothing here."""


MEANINGS: Final[Mapping[int, str]] = MappingProxyType(
    {
        0x0000: "done",
        0x0001: "internal error of the GALSS",
        0x0002: "no number of a session or exclusivity is left",
        0x0004: "another application holds the resource exclusively",
        0x0008: "commands out of sequence: the exclusivity is set already",
        0x0010: "the buffer for the output is too small",
        0x0020: "no context is stored there",
        0x0040: "the reader has aborted the exchange",
        0x0200: "transmission failed; callers repeat the call",
        0x0400: "the reader does not answer",
        0x0800: "this application has a session on this resource already",
        0x1000: "no such session",
        0x2000: "no such resource",
        0x4000: "a parameter is not what it should be",
        0x8001: "the ini file is missing",
        0x8002: "no GALSS server",
        0xD200: "trace: no such module or mode",
        0xD201: "trace: the file cannot be opened",
        0xF001: "no CPS in the reader",
        0xF003: "code porteur wrong, blocked or not presented",
        0xF004: "the CPS cannot be used, or bills nothing",
        0xF011: "no carte Vitale in the reader",
        0xF014: "the carte Vitale cannot be used",
        0xF015: "the carte Vitale was taken out",
        0xF026: "a test card with a real one",
        0xF0F0: "mutuelle and AMC for one bénéficiaire",
        0xF0FF: "incoherent message of the reader",
        0xF101: "no resource of that name",
        0xF600: "the library is not initialised",
        0xF670: "the library is initialised already",
        0xF800: "SGD: the buffer for the output is missing or too small",
        0xF801: "SGD: no memory",
        0xF802: "SGD: a parameter is not what it should be",
        0xF804: "SGD: the zone of the session is full",
        0xF805: "SGD: no such group or field",
        0xF806: "SGD: no such occurrence of the group",
        0xF807: "SGD: no such session",
        0xF809: "SGD: a field before any group",
        0xF80A: "SGD: no session is left",
        0xF80B: "SGD: that was the last group",
        0xFBF0: "not available here (synthetic code)",
    }
)
"""Code → what it means."""


def meaning(code: int) -> str:
    """What *code* means, in words."""
    return MEANINGS.get(code, "not in any public list")
