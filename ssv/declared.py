"""The wire form declared with construct, which the tests hold against the codec in :mod:`bifente.ssv.wire`."""

from construct import (
    Array,
    Byte,
    Const,
    ExprValidator,
    FocusedSeq,
    GreedyBytes,
    Int16ub,
    Prefixed,
    Select,
    Struct,
    Terminated,
    obj_,
)

from bifente.ssv.groups import GROUPS

LENGTH = Select(
    ExprValidator(Byte, obj_ < 0x80),
    FocusedSeq("length", Const(b"\x81"), "length" / ExprValidator(Byte, obj_ >= 0x80)),
    FocusedSeq("length", Const(b"\x82"), "length" / ExprValidator(Int16ub, obj_ >= 0x100)),
)
"""A BER length up to 65 535 (ISO/IEC 8825-1 §8.1.3), in its shortest form only."""

FIELD = Prefixed(LENGTH, GreedyBytes)
"""One field."""

GROUP = Struct(
    "id" / ExprValidator(Int16ub, lambda obj, _: obj in GROUPS),
    "fields"
    / Prefixed(
        LENGTH,
        FocusedSeq("fields", "fields" / Array(lambda ctx: len(GROUPS[ctx._.id].fields), FIELD), Terminated),
    ),
)
"""One group: the number of its fields follows from its id."""
