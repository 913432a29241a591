"""The structures by which programs ask a PIN pad (PC/SC part 10), loaded when one is asked: few programs do."""

from typing import Final

from construct import Bytes, Int8ul, Int16ul, Int32ul, Struct, Terminated, this

VERIFY: Final = Struct(
    "timeout" / Int8ul,
    "timeout_after_first" / Int8ul,
    "format" / Int8ul,
    "block" / Int8ul,
    "length_format" / Int8ul,
    "max_digits" / Int8ul,
    "min_digits" / Int8ul,
    "validation" / Int8ul,
    "messages" / Int8ul,
    "language" / Int16ul,
    "message" / Int8ul,
    "prologue" / Bytes(3),
    "length" / Int32ul,
    "data" / Bytes(this.length),
    Terminated,
)
"""PIN_VERIFY (PC/SC part 10 §2.5.2)."""

MODIFY: Final = Struct(
    "timeout" / Int8ul,
    "timeout_after_first" / Int8ul,
    "format" / Int8ul,
    "block" / Int8ul,
    "length_format" / Int8ul,
    "offset_old" / Int8ul,
    "offset_new" / Int8ul,
    "max_digits" / Int8ul,
    "min_digits" / Int8ul,
    "confirm" / Int8ul,
    "validation" / Int8ul,
    "messages" / Int8ul,
    "language" / Int16ul,
    "message_1" / Int8ul,
    "message_2" / Int8ul,
    "message_3" / Int8ul,
    "prologue" / Bytes(3),
    "length" / Int32ul,
    "data" / Bytes(this.length),
    Terminated,
)
"""PIN_MODIFY (PC/SC part 10 §2.5.3)."""

PIN_PROPERTIES: Final = Struct("display" / Int16ul, "validation" / Int8ul, "timeout_2" / Int8ul)
"""PIN_PROPERTIES (PC/SC part 10 §2.5.5)."""
