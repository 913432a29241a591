"""The DER length as a construct declaration (ISO/IEC 8825-1 §8.1.3 and §10.1): in its shortest form only."""

from construct import Byte, Const, ExprValidator, FocusedSeq, Int16ub, Int24ub, Select, obj_

DER_LENGTH = Select(
    ExprValidator(Byte, obj_ < 0x80),
    FocusedSeq("length", Const(b"\x81"), "length" / ExprValidator(Byte, obj_ >= 0x80)),
    FocusedSeq("length", Const(b"\x82"), "length" / ExprValidator(Int16ub, obj_ >= 0x100)),
    FocusedSeq("length", Const(b"\x83"), "length" / ExprValidator(Int24ub, obj_ >= 0x10000)),
)
"""Builds and parses an int up to 16 777 215; construct's own errors for anything else."""
