"""The ASN.1 of the cryptographic information files, declared with construct (see :mod:`bifente.layouts.declared.structures`).

Everything is in DER (ISO/IEC 8825-1 §10 and §11): what could be written shorter is refused.
"""

import re
from collections.abc import Mapping
from functools import singledispatch
from typing import Any

from construct import (
    Array,
    Bit,
    Bitwise,
    Byte,
    Const,
    Construct,
    ExprAdapter,
    FocusedSeq,
    GreedyBytes,
    GreedyRange,
    OneOf,
    Prefixed,
    RepeatUntil,
    Select,
    Sequence,
    Struct,
    Switch,
    Terminated,
    this,
)

from bifente.apdu.declared.structures import TAG, tagged
from bifente.layouts.codec import JsonValue, record, sequence, string
from bifente.layouts.codecs import der
from bifente.layouts.codecs.ber import DER_LENGTH
from bifente.layouts.codecs.pkcs15 import CiaCodec
from bifente.layouts.declared.fields import Expecting, hexadecimal, mapping, text
from bifente.layouts.declared.structures import declaration, listed


@singledispatch
def content_of(shape: object) -> Construct:
    """The content octets of one ASN.1 type, without tag and length."""
    raise TypeError(f"{type(shape).__name__} has no declaration")


content_of.register(der.Utf8String, lambda _: text("utf-8"))
content_of.register(der.OctetString, lambda _: hexadecimal())
content_of.register(der.Constant, lambda shape: Const(shape.content))

_SHORTEST = Expecting(
    "a number of zero or more in its shortest form",
    GreedyBytes,
    lambda raw: raw[:1] < b"\x80" and (len(raw) == 1 or raw[:2] >= b"\x00\x80") and 1 <= len(raw) <= 9,
)

_INTEGER = Expecting(
    "a whole number of at most 64 bits",
    ExprAdapter(
        _SHORTEST,
        lambda raw, _: int.from_bytes(raw, "big"),
        lambda value, _: value.to_bytes(value.bit_length() // 8 + 1, "big"),
    ),
    lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 64,
)

content_of.register(der.Integer, lambda _: _INTEGER)


@content_of.register
def _named(shape: der.Named) -> Construct:
    return ExprAdapter(
        _INTEGER,
        lambda value, _: shape.names[value] if value < len(shape.names) else value,
        lambda value, _: shape.names.index(value) if isinstance(value, str) else value,
    )


@content_of.register
def _bits(shape: der.Bits) -> Construct:
    """A list of names (§11.2.2: no trailing zero bits), or whatever else a card wrote."""

    def names(parsed: tuple[int, list[int]], _: object) -> JsonValue:
        unused, bits = parsed
        used = len(bits) - unused
        if unused > 7 or any(bits[used:]) or (bits and not bits[used - 1]) or (unused and not bits):
            raise ValueError("not a named bit list")
        return [shape.names[place] for place, bit in enumerate(bits) if bit]

    def bits(value: JsonValue, _: object) -> tuple[int, list[int]]:
        places = {shape.names.index(string(name, "bit")) for name in sequence(value, "bits")}
        used = max(places, default=-1) + 1
        return -used % 8, [int(place in places) for place in range(used + -used % 8)]

    named = ExprAdapter(Sequence(Byte, Bitwise(GreedyRange(Bit))), names, bits)
    return Select(named, mapping("bits", "hex" / hexadecimal()))


@content_of.register
def _time(_: der.Time) -> Construct:
    return Expecting(
        "a time such as 20100316110000Z",
        text("ascii"),
        lambda value: re.fullmatch("[0-9]{14}Z", value) is not None,
    )


_ARC = ExprAdapter(
    Expecting(
        "a number in its shortest form",
        RepeatUntil(lambda byte, _, __: byte < 0x80, Byte),
        lambda digits: digits[0] != 0x80,
    ),
    lambda digits, _: int("".join(f"{digit & 0x7F:07b}" for digit in digits), 2),
    lambda number, _: [
        number >> 7 * place & 0x7F | (0x80 if place else 0)
        for place in range(max(number.bit_length() - 1, 0) // 7, -1, -1)
    ],
)
"""One number of an object identifier, in base 128 (§8.19.2)."""


@content_of.register
def _object_identifier(_: der.ObjectIdentifier) -> Construct:
    def dotted(arcs: list[int], _: object) -> str:
        first = min(arcs[0] // 40, 2)
        numbers = [first, arcs[0] - 40 * first, *arcs[1:]]
        if any(number >= 10**19 for number in numbers):
            raise ValueError("an arc of more than 19 digits")
        return ".".join(map(str, numbers))

    def arcs(value: JsonValue, _: object) -> list[int]:
        parts = string(value, "object identifier").split(".")
        if len(parts) < 2 or not all(re.fullmatch("[0-9]{1,19}", part) for part in parts):
            raise ValueError("an object identifier is two numbers or more")
        first, second, *rest = map(int, parts)
        if first > 2 or (first < 2 and second >= 40):
            raise ValueError(f"none begins with {first}.{second}")
        return [40 * first + second, *rest]

    numbers = Expecting("at least one number", GreedyRange(_ARC), bool)
    return ExprAdapter(numbers, dotted, arcs)


@content_of.register
def _sequence_of(shape: der.SequenceOf) -> Construct:
    return listed("sequence", tagged(shape.item.tag, _entry(shape.item), DER_LENGTH))


@content_of.register
def _record(shape: der.Record) -> Construct:
    """The members in their order. Those of the sequences inside belong to the same flat mapping."""
    members = []
    for member in shape.members:
        element = tagged(member.shape.tag, content_of(member.shape), DER_LENGTH)
        members.append(GreedyRange(element) if member.optional else Array(1, element))

    def flat(parsed: list[list[JsonValue]], _: object) -> JsonValue:
        fields: dict[str, JsonValue] = {}
        for member, found in zip(shape.members, parsed, strict=True):
            if len(found) > 1:
                raise ValueError(f"{member.key} stands twice")
            for value in found:
                if member.key is not None:
                    fields[member.key] = value
                elif isinstance(value, Mapping):
                    fields.update(value)
        return fields

    def nested(fields: Mapping[str, JsonValue], _: object) -> list[list[object]]:
        return [_given(member, fields) for member in shape.members]

    return ExprAdapter(Sequence(*members), flat, nested)


def _given(member: der.Member, fields: Mapping[str, JsonValue]) -> list[object]:
    """What *member* is built from: its value, those of the sequence that it is, or nothing."""
    if member.key is not None:
        return [fields[member.key]] if member.key in fields else []
    return [fields if isinstance(member.shape, der.Record) else None]


def _entry(shape: der.Record) -> Construct:
    """A record of its own, whose mapping has its keys and no others."""
    known = dict(shape.keys())
    required = [key for key, optional in known.items() if not optional]
    return ExprAdapter(
        content_of(shape),
        lambda fields, _: fields,
        lambda value, _: record(value, "record", required, list(known)),
    )


@declaration.register
def _cia(codec: CiaCodec) -> Construct:
    """A run of records, or one; where there are alternatives, the tag says which and the value's ``type`` names it."""
    kinds = {shape.tag: kind for kind, shape in codec.shapes.items()}
    contents = {shape.tag: _entry(shape) for shape in codec.shapes.values()}
    content = FocusedSeq("content", "content" / Switch(this._.tag, contents), Terminated)
    item = Struct("tag" / OneOf(TAG, kinds), "content" / Prefixed(DER_LENGTH, content))

    def typed(parsed: Mapping[str, Any], _: object) -> JsonValue:
        kind = kinds[parsed["tag"]]
        return {"type": kind, **parsed["content"]} if kind else parsed["content"]

    def untyped(value: JsonValue, _: object) -> Mapping[str, object]:
        if "" in codec.shapes:
            return {"tag": codec.shapes[""].tag, "content": value}
        given = dict(record(value, "entry", ("type",), list(value) if isinstance(value, Mapping) else ()))
        shape = codec.shapes[string(given.pop("type"), "type")]
        return {"tag": shape.tag, "content": given}

    entry = ExprAdapter(item, typed, untyped)
    return entry if codec.single else listed(codec.name, entry)
