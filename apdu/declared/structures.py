"""The structures of this package, declared with construct.

The codecs slice by hand, because a card does it for every command and construct takes its time to import and to run.
These declarations say the same in the terms of the standards; the tests hold the two against each other for any
input. Nothing that a card needs at run time imports this module.
"""

from functools import reduce
from operator import xor

from construct import (
    Array,
    BitsInteger,
    BitStruct,
    Byte,
    Bytes,
    Check,
    Computed,
    Const,
    Construct,
    Default,
    ExprAdapter,
    ExprValidator,
    FixedSized,
    Flag,
    FocusedSeq,
    GreedyBytes,
    GreedyRange,
    If,
    Int16ub,
    Int24ub,
    Int32ub,
    Mapping,
    OneOf,
    Prefixed,
    RawCopy,
    Rebuild,
    RepeatUntil,
    Select,
    Struct,
    Switch,
    Terminated,
    len_,
    this,
)

from bifente.apdu.command import Case
from bifente.apdu.files.fcp import FcpTemplate

# Command and response APDU: ISO/IEC 7816-4:2020 §5.2, ISO/IEC 7816-3:2006 §12.1.

_HEADER = ("cla" / Byte, "ins" / Byte, "p1" / Byte, "p2" / Byte)
_NO_DATA = "data" / Computed(b"")
_NO_LE = "ne" / Computed(None)
_EXTENSION = Const(b"\0")


def _expected(field: Construct, most: int) -> Construct:
    """An Le field: zero says *most*."""
    coded = ExprAdapter(field, lambda le, _: le or most, lambda ne, _: ne % most)
    return "ne" / ExprValidator(coded, lambda ne, _: 1 <= ne <= most)


def _counted(field: Construct) -> tuple[Construct, Construct]:
    """An Lc field, never zero, and the data field."""
    not_zero = ExprValidator(field, lambda lc, _: lc > 0)
    return "lc" / Rebuild(not_zero, len_(this.data)), "data" / Bytes(this.lc)


COMMANDS: dict[Case, Construct] = {
    Case.CASE_1: Struct(*_HEADER, _NO_DATA, _NO_LE, Terminated),
    Case.CASE_2S: Struct(*_HEADER, _NO_DATA, _expected(Byte, 256), Terminated),
    Case.CASE_3S: Struct(*_HEADER, *_counted(Byte), _NO_LE, Terminated),
    Case.CASE_4S: Struct(*_HEADER, *_counted(Byte), _expected(Byte, 256), Terminated),
    Case.CASE_2E: Struct(*_HEADER, _EXTENSION, _NO_DATA, _expected(Int16ub, 65536), Terminated),
    Case.CASE_3E: Struct(*_HEADER, _EXTENSION, *_counted(Int16ub), _NO_LE, Terminated),
    Case.CASE_4E: Struct(*_HEADER, _EXTENSION, *_counted(Int16ub), _expected(Int16ub, 65536), Terminated),
}

COMMAND = Select(*(Struct("case" / Computed(case), "fields" / body) for case, body in COMMANDS.items()))

RESPONSE = ExprAdapter(
    ExprValidator(GreedyBytes, lambda raw, _: len(raw) >= 2),
    lambda raw, _: {"data": raw[:-2], "sw": int.from_bytes(raw[-2:], "big")},
    lambda answer, _: answer["data"] + answer["sw"].to_bytes(2, "big"),
)

# Class byte, §5.4.1: the two interindustry ranges. Other values have no structure.

CLASS_BYTE = Select(
    first=BitStruct(
        Const(0, BitsInteger(3)),
        "chaining" / Flag,
        "messaging" / BitsInteger(2),
        "channel" / BitsInteger(2),
    ),
    further=BitStruct(
        Const(1, BitsInteger(2)),
        "messaging" / ExprAdapter(Flag, lambda clear, _: 2 * clear, lambda messaging, _: messaging == 2),
        "chaining" / Flag,
        "channel" / ExprAdapter(BitsInteger(4), lambda low, _: low + 4, lambda channel, _: channel - 4),
    ),
)
"""``messaging`` is 0 none, 1 proprietary, 2 header not authenticated, 3 header authenticated."""

# BER-TLV: ISO/IEC 7816-4:2020 §6.3.


def _leads_on(first: int) -> bool:
    """This first byte of a tag is followed by another."""
    return first & 0x1F == 0x1F and first != 0xFF


TAG = Select(
    ExprValidator(Byte, lambda tag, _: tag != 0 and tag & 0x1F != 0x1F),
    ExprValidator(Int16ub, lambda tag, _: _leads_on(tag >> 8) and 0x1F <= tag & 0xFF < 0x80),
    ExprValidator(
        Int24ub, lambda tag, _: _leads_on(tag >> 16) and tag >> 8 & 0xFF > 0x80 and tag & 0xFF < 0x80
    ),
)

LENGTH = Select(
    ExprValidator(Byte, lambda length, _: length < 0x80),
    FocusedSeq("length", Const(b"\x81"), "length" / Byte),
    FocusedSeq("length", Const(b"\x82"), "length" / Int16ub),
    FocusedSeq("length", Const(b"\x83"), "length" / Int24ub),
)

TLV = Struct("tag" / TAG, "value" / Prefixed(LENGTH, GreedyBytes))

TLVS = FocusedSeq("items", "items" / GreedyRange(TLV), Terminated)


def tagged(tag: int, content: Construct, length: Construct = LENGTH) -> Construct:
    """A data object: its tag, the length and *content*, which takes all of its bytes."""
    whole = FocusedSeq("content", "content" / content, Terminated)
    return FocusedSeq("object", Const(tag, TAG), "object" / Prefixed(length, whole))


def objects(values: dict[int, Construct]) -> Construct:
    """Data objects in any order. Those of a known tag stand once; the others are kept as bytes."""
    value = FocusedSeq("value", "value" / Switch(this._.tag, values, default=GreedyBytes), Terminated)
    items = GreedyRange(Struct("tag" / TAG, "value" / Prefixed(LENGTH, value)))

    def once(found: list[dict[str, object]], _: object) -> bool:
        known = [item["tag"] for item in found if item["tag"] in values]
        return len(known) == len(set(known))

    return FocusedSeq("items", "items" / ExprValidator(items, once), Terminated)


def _first(tag: int, content: Construct) -> Construct:
    """The first object *tag* of several; what stands beside it is not looked at."""
    before = Default(GreedyRange(ExprValidator(TLV, lambda item, _: item["tag"] != tag)), ())
    after = Default(GreedyRange(TLV), ())
    return FocusedSeq("found", before, "found" / tagged(tag, content), after, Terminated)


# Answer to reset: ISO/IEC 7816-3:2006 §8.2. A group begins with T0, or with the TD byte that announces it.

_GROUP = Struct(
    "lead" / Byte,
    "ta" / If(this.lead & 0x10, Byte),
    "tb" / If(this.lead & 0x20, Byte),
    "tc" / If(this.lead & 0x40, Byte),
)

_CHECKED = Struct(
    "groups" / RepeatUntil(lambda group, _, __: not group.lead & 0x80, _GROUP),
    "historical" / Bytes(lambda context: context.groups[0].lead & 0x0F),
)


def _has_tck(context: Construct) -> bool:
    return any(group.lead & 0x0F for group in context.body.value.groups[1:])


ATR = Struct(
    "ts" / OneOf(Byte, (0x3B, 0x3F)),
    "body" / RawCopy(_CHECKED),
    "tck" / If(_has_tck, Byte),
    Check(lambda context: context.tck is None or reduce(xor, context.body.data) == context.tck),
    Check(lambda context: 1 + len(context.body.data) + (context.tck is not None) <= 33),
    Terminated,
)

COMPACT_TLV = Struct("lead" / Byte, "tag" / Computed(this.lead >> 4), "value" / Bytes(this.lead & 0x0F))

# Historical bytes: ISO/IEC 7816-4:2020 §12.1.1. Cards put there what they like: the rest is in no known form.

_COMPACT = GreedyRange(ExprValidator(COMPACT_TLV, lambda item, _: item.tag in (*range(1, 9), 15)))


def _left(context: Construct) -> bytes:
    """What has not been read yet."""
    return bytes(context._io.getbuffer()[context._io.tell() :])


_STATUS_OBJECT = Select(
    Struct("life_cycle" / Byte, "sw" / Computed(None), Terminated),
    Struct("life_cycle" / Computed(None), "sw" / Int16ub, Terminated),
    Struct("life_cycle" / Byte, "sw" / Int16ub, Terminated),
    Computed(None),
)


def _status_of(context: Construct) -> Construct | None:
    """The status in the last object, if that is a status indicator."""
    objects = context.objects
    return _STATUS_OBJECT.parse(objects[-1].value) if objects and objects[-1].tag == 8 else None


_NO_STATUS = "status" / Computed(None)
_ALL_COMPACT = FocusedSeq("all", "all" / _COMPACT, Terminated)

HISTORICAL_CONTENTS = {
    0x00: Select(
        Struct(Check(lambda context: len(_left(context)) < 3), _NO_STATUS, "rest" / GreedyBytes),
        Struct(
            Check(lambda context: _left(context)[-3] == 0x82),
            "objects" / _ALL_COMPACT,
            "status" / Computed(_status_of),
        ),
        Struct(
            "objects" / FixedSized(lambda context: len(_left(context)) - 3, _ALL_COMPACT),
            "status" / Struct("life_cycle" / Byte, "sw" / Int16ub),
        ),
        Struct("objects" / _COMPACT, _NO_STATUS, "rest" / GreedyBytes),
    ),
    0x80: Struct("objects" / _COMPACT, "status" / Computed(_status_of), "rest" / GreedyBytes),
}
"""What follows the category indicator. Category 00 ends with the status; IAS-ECC cards write the object 82 there."""

HISTORICAL = Struct(
    "category" / Byte,
    "content" / Switch(this.category, HISTORICAL_CONTENTS, default=Struct(_NO_STATUS, "rest" / GreedyBytes)),
    Terminated,
)
"""Read only: nothing here writes historical bytes as a whole."""

# File control parameters: ISO/IEC 7816-4:2020 §7.4 and §9.3. The values of the objects, by tag.

SECURITY_ATTRIBUTES = Struct(
    "access_mode" / Byte,
    "conditions" / Array(lambda context: (context.access_mode & 0x7F).bit_count(), Byte),
    Terminated,
)

_DESCRIPTOR = ("byte" / Byte, "data_coding" / Byte, "record_size" / Int16ub)

_WIDE = ExprValidator(Computed(True), lambda wide, _: wide is True)

FILE_DESCRIPTOR = Select(
    Struct(*_DESCRIPTOR, "record_count" / Int16ub, "wide_count" / _WIDE, Terminated),
    Struct(*_DESCRIPTOR, "record_count" / Byte, Terminated),
    Struct(*_DESCRIPTOR, Terminated),
    Struct(*_DESCRIPTOR[:2], Terminated),
    Struct(*_DESCRIPTOR[:1], Terminated),
)

SHORT_IDENTIFIER = Select(
    FocusedSeq(
        "sfi",
        "sfi"
        / ExprAdapter(
            ExprValidator(Byte, lambda coded, _: coded & 0x07 == 0 and 1 <= coded >> 3 <= 30),
            lambda coded, _: coded >> 3,
            lambda sfi, _: sfi << 3,
        ),
        Terminated,
    ),
    FocusedSeq("sfi", "sfi" / Mapping(Bytes(0), {0: b""}), Terminated),
)

INTERFACE_ATTRIBUTES = ExprValidator(
    objects({0x8C: SECURITY_ATTRIBUTES, 0x9C: SECURITY_ATTRIBUTES}),
    lambda items, _: all(item["tag"] in (0x8C, 0x9C) for item in items),
)
"""The content of template ``A1`` of IAS-ECC: attributes for contact and contactless."""

SIZE = Select(
    *(FocusedSeq("size", "size" / field, Terminated) for field in (Int16ub, Int32ub, Byte, Int24ub))
)
"""Read from one to four bytes, written in two where they suffice, else in four."""

FCP_VALUES: dict[int, Construct] = {
    0x80: SIZE,
    0x81: SIZE,
    0x82: FILE_DESCRIPTOR,
    0x83: Int16ub,
    0x84: ExprValidator(GreedyBytes, lambda name, _: 1 <= len(name) <= 16),
    0x88: SHORT_IDENTIFIER,
    0x8A: Byte,
    0x8C: SECURITY_ATTRIBUTES,
    0xA1: INTERFACE_ATTRIBUTES,
}

FCP_CONTENT = ExprValidator(
    objects(FCP_VALUES), lambda items, _: not {0x8C, 0xA1} <= {item["tag"] for item in items}
)

FCP: dict[FcpTemplate, Construct] = {
    FcpTemplate.FCP: FocusedSeq("fcp", "fcp" / tagged(0x62, FCP_CONTENT), Terminated),
    FcpTemplate.FCI_FCP: FocusedSeq("fci", "fci" / tagged(0x6F, _first(0x62, FCP_CONTENT)), Terminated),
    FcpTemplate.FCI: FocusedSeq(
        "fci",
        "fci"
        / tagged(
            0x6F,
            ExprValidator(FCP_CONTENT, lambda items, _: all(item["tag"] != 0x62 for item in items)),
        ),
        Terminated,
    ),
}


# Security data objects of IAS-ECC, as OpenSC's driver iasecc reads them.

SDO_TAG = ExprValidator(
    Int24ub, lambda tag, _: tag >> 16 == 0xBF and tag >> 8 & 0xFF > 0x80 and tag & 0xFF < 0x80
)

_WANTED = ExprValidator(
    GreedyRange(FocusedSeq("tag", "tag" / TAG, Const(b"\x80"))), lambda tags, _: len(tags) > 0
)

_SDO_HEADER = Struct(
    "sdo" / SDO_TAG, "wanted" / Prefixed(LENGTH, FocusedSeq("tags", "tags" / _WANTED, Terminated)), Terminated
)

SDO_REQUEST = FocusedSeq(
    "request",
    Const(b"\x4d"),
    "request"
    / Prefixed(
        LENGTH,
        FocusedSeq("request", Const(b"\x70"), "request" / Prefixed(LENGTH, _SDO_HEADER), Terminated),
    ),
    Terminated,
)

SDO_ANSWER = FocusedSeq(
    "answer",
    "answer" / tagged(0x70, Struct("sdo" / SDO_TAG, "items" / Prefixed(LENGTH, TLVS))),
    Terminated,
)

DOCP_VALUES: dict[int, Construct] = {
    0x84: GreedyBytes,
    0x9A: Byte,
    0x9B: Byte,
    0x9C: Int16ub,
    0x9D: Int16ub,
    0xA1: INTERFACE_ATTRIBUTES,
    0x80: Int16ub,
    0x9E: Byte,
}

DOCP_CONTENT = objects(DOCP_VALUES)
