"""The data fields of secure messaging, declared with construct in the manner of :mod:`bifente.apdu.declared.structures`."""

from construct import (
    Byte,
    Bytes,
    Check,
    Const,
    Construct,
    ExprAdapter,
    FixedSized,
    GreedyBytes,
    Int16ub,
    Int24ub,
    Optional,
    Prefixed,
    Select,
    Struct,
    Terminated,
)

LENGTH = Select(
    ExprAdapter(
        Struct("first" / Byte, Check(lambda c: c.first < 0x80)),
        lambda c, _: c.first,
        lambda n, _: {"first": n},
    ),
    *(
        ExprAdapter(Struct(Const(first), "value" / size), lambda c, _: c.value, lambda n, _: {"value": n})
        for first, size in ((b"\x81", Byte), (b"\x82", Int16ub), (b"\x83", Int24ub))
    ),
)
"""A BER length of one to four bytes, also one that is longer than it need be."""

CHECKSUM_SIZE = 8


def _object(tag: int, content: Construct) -> Construct:
    return Struct(Const(bytes((tag,))), "value" / Prefixed(LENGTH, content))


def _cryptogram(*, odd: bool) -> Construct:
    return (
        _object(0x85, GreedyBytes) if odd else _object(0x87, Struct(Const(b"\x01"), "blocks" / GreedyBytes))
    )


def _field(covered: Construct) -> Construct:
    """*covered* fills all before a checksum object of ten bytes."""
    return Struct(
        "covered" / FixedSized(lambda c: c._io.getbuffer().nbytes - 2 - CHECKSUM_SIZE, covered),
        Const(b"\x8e\x08"),
        "checksum" / Bytes(CHECKSUM_SIZE),
        Terminated,
    )


def command_field(*, odd: bool) -> Construct:
    """``[87 | 85] [97] 8E``."""
    le = _object(0x97, GreedyBytes)
    return _field(Struct("cryptogram" / Optional(_cryptogram(odd=odd)), "last" / Optional(le), Terminated))


def answer_field(*, odd: bool) -> Construct:
    """``[87 | 85] 99 8E``."""
    status = _object(0x99, GreedyBytes)
    return _field(Struct("cryptogram" / Optional(_cryptogram(odd=odd)), "last" / status, Terminated))
