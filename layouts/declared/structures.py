"""The contents of the files, declared with construct.

The codecs slice by hand, to say in their errors what is wrong and where. Here the same descriptions (templates, values,
groups) become declarations, by :func:`declaration`; the tests hold the two against each other, for every file of every
layout. Nothing that a card needs at run time imports this module. The ASN.1 of the cryptographic information files is
in :mod:`bifente.layouts.declared.derstructures`.
"""

import re
from collections.abc import Mapping
from functools import singledispatch

from construct import (
    Array,
    Bitwise,
    Byte,
    Bytes,
    BytesInteger,
    Computed,
    Const,
    Construct,
    ExprAdapter,
    ExprValidator,
    FixedSized,
    FocusedSeq,
    GreedyBytes,
    GreedyRange,
    Nibble,
    NullTerminated,
    Prefixed,
    Rebuild,
    Select,
    Struct,
    Switch,
    Terminated,
    obj_,
    this,
)
from construct import Mapping as Coded

from bifente.apdu.declared.structures import LENGTH, TAG, objects, tagged
from bifente.codes.luhn import luhn_key
from bifente.layouts import recognition
from bifente.layouts.codec import EmptyOr, JsonValue, PaddedCodec, RawCodec, record, sequence, string
from bifente.layouts.codecs.businessvalues import (
    NAME_END,
    Decimal,
    Digits,
    EndedTexts,
    First,
    Flags,
    Forms,
    Nibbles,
    ShortObject,
    ShortObjects,
)
from bifente.layouts.codecs.cps2terdata import NONE, DecimalOrNone, Establishment
from bifente.layouts.codecs.groupfiles import GroupsCodec
from bifente.layouts.codecs.identity import FILE_MAP, EntryCodec, PaddedName, PointersCodec, SerialCodec
from bifente.layouts.codecs.template import OTHERS, ListOf, Template, Wrapped
from bifente.layouts.codecs.values import Bcd, Hex, Number, Text
from bifente.layouts.declared.constructcodec import ConstructCodec
from bifente.layouts.declared.fields import Expecting, hexadecimal, mapping, number, sized, text
from bifente.ssv import declared, wire
from bifente.ssv.groups import GROUPS, Group


@singledispatch
def declaration(codec: object) -> Construct:
    """The structure that *codec* reads and writes, for the same values. TypeError for a kind that is not declared.

    The declarations of templates and lists end where no further object begins; whoever wants no rest says so.
    """
    raise TypeError(f"{type(codec).__name__} has no declaration")


def listed(what: str, item: Construct) -> Construct:
    """As many items as there are: a list."""
    return ExprAdapter(
        GreedyRange(item), lambda found, _: list(found), lambda value, _: sequence(value, what)
    )


declaration.register(ConstructCodec, lambda codec: codec.declaration)


@declaration.register
def _raw(_: RawCodec) -> Construct:
    return mapping("raw content", "hex" / hexadecimal())


# Single values.


@declaration.register
def _text(codec: Text) -> Construct:
    return Expecting(
        codec.expected or "a text",
        text(codec.encoding, sized(codec.at_least, codec.at_most)),
        lambda value: not codec.pattern or re.fullmatch(codec.pattern, value) is not None,
    )


@declaration.register
def _number(codec: Number) -> Construct:
    return number(codec.size)


@declaration.register
def _hex(codec: Hex) -> Construct:
    sizes = codec.sizes
    return hexadecimal(Expecting(f"{sizes} bytes", GreedyBytes, lambda raw: not sizes or len(raw) in sizes))


_DIGIT = Coded(Nibble, {str(digit): digit for digit in range(10)})
_FILLER = Const(0xF, Nibble)


def _digits(count: int) -> Construct:
    """So many decimal digits, one to a nibble."""
    return ExprAdapter(
        Array(count, _DIGIT), lambda found, _: "".join(found), lambda value, _: list(string(value, "digits"))
    )


@declaration.register
def _bcd(codec: Bcd) -> Construct:
    forms = []
    for count in codec.sizes:
        filler = [_FILLER] if count % 2 else []
        packed = Bitwise(FocusedSeq("digits", "digits" / _digits(count), *filler))
        forms.append(FocusedSeq("packed", "packed" / packed, Terminated))
    return Select(*forms)


# Data objects: ISO/IEC 7816-4:2020 §6.3.


@declaration.register
def _template(codec: Template) -> Construct:
    """Objects in any order: the content follows from the tag, and objects without a name here are kept."""
    contents = {element.tag: declaration(element.content) for element in codec.elements}
    value = FocusedSeq("content", "content" / Switch(this._.tag, contents, default=hexadecimal()), Terminated)
    objects = GreedyRange(Struct("tag" / TAG, "value" / Prefixed(LENGTH, value)))
    required = [element.key for element in codec.elements if not element.optional and not element.many]
    optional = [element.key for element in codec.elements if element.optional or element.many]

    def named(found: list[Mapping[str, JsonValue]], _: object) -> JsonValue:
        mapped: dict[str, JsonValue] = {}
        for element in codec.elements:
            values = [item["value"] for item in found if item["tag"] == element.tag]
            if element.many:
                mapped[element.key] = values
            elif len(values) == 1:
                mapped[element.key] = values[0]
            elif values or not element.optional:
                raise ValueError(f"{len(values)} objects {element.key}")
        others: list[JsonValue] = [
            {"tag": TAG.build(item["tag"]).hex().upper(), "hex": item["value"]}
            for item in found
            if item["tag"] not in contents
        ]
        return {**mapped, OTHERS: others} if others else mapped

    def unnamed(value: JsonValue, _: object) -> list[Mapping[str, JsonValue]]:
        given = record(value, "template", required, [*optional, OTHERS])
        items: list[Mapping[str, JsonValue]] = []
        for element in codec.elements:
            if element.key in given:
                one = given[element.key]
                many = sequence(one, element.key) if element.many else [one]
                items += [{"tag": element.tag, "value": content} for content in many]
        for other in sequence(given.get(OTHERS, ()), OTHERS):
            entry = record(other, OTHERS, ("tag", "hex"))
            tag = int.from_bytes(hexadecimal(sized(1, 3)).build(entry["tag"]), "big")
            if tag in contents:
                raise ValueError(f"{tag:02X} has a name")
            items.append({"tag": tag, "value": entry["hex"]})
        return items

    return ExprAdapter(objects, named, unnamed)


@declaration.register
def _wrapped(codec: Wrapped) -> Construct:
    return tagged(codec.tag, declaration(codec.inner))


@declaration.register
def _list_of(codec: ListOf) -> Construct:
    return listed("list", tagged(codec.tag, declaration(codec.inner)))


# The business data of a CPS3: see :mod:`bifente.layouts.codecs.businessvalues`.

_ZEROS = Expecting("zeros", GreedyBytes, lambda raw: not any(raw))

_LENGTHS = {
    1: ExprValidator(Byte, obj_ < 0x80),
    2: Select(ExprValidator(Byte, obj_ < 0x80), FocusedSeq("length", Const(b"\x81"), "length" / Byte)),
    3: ExprValidator(LENGTH, obj_ < 0x10000),
}
"""Lengths of at most so many bytes."""

_HALF_BYTE = ExprAdapter(Nibble, lambda found, _: f"{found:X}", lambda value, _: int(value, 16))


def _packed(digits: Construct, size: int) -> Construct:
    """*size* bytes of nibbles, in which blanks are spaces and written as F."""
    nibbles = Bitwise(Array(2 * size, _HALF_BYTE))
    text = ExprAdapter(
        nibbles,
        lambda found, _: re.sub("[A-F]", " ", "".join(found)),
        lambda value, _: list(value.ljust(2 * size).replace(" ", "F")),
    )
    return ExprAdapter(
        FocusedSeq("text", "text" / text, Terminated),
        lambda text, _: digits.parse(text.encode()),
        lambda value, _: digits.build(value).decode(),
    )


@declaration.register
def _decimal(_: Decimal) -> Construct:
    byte = FocusedSeq("code", "code" / ExprValidator(Byte, obj_ < 100), Terminated)
    code = ExprAdapter(byte, lambda found, _: f"{found:02d}", lambda value, _: int(value))
    return Expecting("a code of two digits", code, lambda value: _is_text(value, "[0-9]{2}"))


@declaration.register
def _decimal_or_none(_: DecimalOrNone) -> Construct:
    none = ExprAdapter(
        FocusedSeq("none", "none" / Const(NONE, Byte), Terminated),
        lambda _found, _: "",
        lambda _value, _: NONE,
    )
    return Select(Expecting("no code", none, lambda value: value == ""), declaration(Decimal()))


@declaration.register
def _establishment(_: Establishment) -> Construct:
    code = FixedSized(1, declaration(DecimalOrNone()))
    filled = ExprAdapter(
        hexadecimal(),
        lambda found, _: found.removesuffix("F"),
        lambda value, _: value + "F" * (len(value) % 2),
    )
    nibbles = Expecting("15 digits or letters", filled, lambda value: _is_text(value, "[0-9A-E]{0,15}"))
    return mapping("etablissement", "secteur" / code, "forme_juridique" / code, "structure" / nibbles)


@declaration.register
def _flags(_: Flags) -> Construct:
    bits = ExprAdapter(
        FocusedSeq("byte", "byte" / Byte, Terminated),
        lambda found, _: "".join("O" if found >> bit & 1 else "N" for bit in range(7, -1, -1)),
        lambda value, _: sum(1 << 7 - at for at, letter in enumerate(value) if letter == "O"),
    )
    return Expecting("eight letters O or N", bits, lambda value: _is_text(value, "[ON]{8}"))


@declaration.register
def _counted(codec: Digits) -> Construct:
    digits = Expecting(
        f"{codec.counts} digits",
        ExprAdapter(text("ascii"), lambda found, _: found.rstrip(" "), lambda value, _: value),
        lambda value: _is_text(value, "[0-9]*") and len(value) in codec.counts,
    )
    return _packed(digits, codec.size)


@declaration.register
def _nibbles(codec: Nibbles) -> Construct:
    members = [
        name
        / Expecting(
            f"{size} digits",
            ExprAdapter(
                text("ascii", Bytes(size)),
                lambda found, _: found.rstrip(" "),
                lambda value, _, size=size: value.ljust(size),
            ),
            lambda value, size=size: _is_text(value, f"[0-9 ]{{0,{size}}}"),
        )
        for name, size in codec.parts
    ]
    rest = Expecting("blanks", GreedyBytes, lambda raw: not raw.strip())
    declared = mapping("digits", *members, defaults={name: "" for name, _ in codec.parts})
    whole = FocusedSeq("digits", "digits" / declared, "rest" / Rebuild(rest, b""))
    return _packed(whole, (codec.digits + 1) // 2)


@declaration.register
def _ended_texts(codec: EndedTexts) -> Construct:
    end = bytes((NAME_END,))
    name = Expecting(
        "a name without its end",
        ExprAdapter(
            NullTerminated(GreedyBytes, term=end),
            lambda raw, _: declaration(codec.text).parse(raw),
            lambda value, _: declaration(codec.text).build(value),
        ),
        lambda value: NAME_END not in declaration(codec.text).build(value),
    )
    names = Expecting(
        f"at most {codec.at_most} names", listed("names", name), lambda found: len(found) <= codec.at_most
    )
    return FocusedSeq("names", "names" / names, Terminated)


@declaration.register
def _first(codec: First) -> Construct:
    def joined(parts: Mapping[str, JsonValue], _: object) -> JsonValue:
        given: dict[str, JsonValue] = {codec.key: parts["first"]}
        return given if parts["rest"] is None else {**given, codec.rest_key: parts["rest"]}

    def apart(value: JsonValue, _: object) -> JsonValue:
        given = record(value, codec.key, (codec.key,), (codec.rest_key,))
        if codec.rest_key in given and given[codec.rest_key] is None:
            raise ValueError(f"{codec.rest_key} is nothing")
        return {"first": given[codec.key], "rest": given.get(codec.rest_key)}

    first = FixedSized(1, declaration(codec.first))
    nothing = Expecting(
        "nothing", FocusedSeq("nothing", "nothing" / Computed(None), Terminated), lambda value: value is None
    )
    rest = Select(nothing, declaration(codec.rest))
    return ExprAdapter(Struct("first" / first, "rest" / rest), joined, apart)


@declaration.register
def _short_object(codec: ShortObject) -> Construct:
    zeros = Rebuild(_ZEROS, b"")
    wrapped = tagged(codec.tag, declaration(codec.inner), _LENGTHS[codec.length_bytes])
    return FocusedSeq("object", "object" / wrapped, "zeros" / zeros)


@declaration.register
def _short_objects(codec: ShortObjects) -> Construct:
    items = listed(codec.key, tagged(codec.tag, declaration(codec.inner), _LENGTHS[1]))
    some = Expecting(f"at most {codec.at_most}", items, lambda found: len(found) <= codec.at_most)
    whole = FocusedSeq("items", "items" / some, "zeros" / Rebuild(_ZEROS, b""))
    return ExprAdapter(
        whole,
        lambda found, _: {codec.key: found},
        lambda value, _: record(value, codec.key, (codec.key,))[codec.key],
    )


@declaration.register
def _forms(codec: Forms) -> Construct:
    before = FocusedSeq("value", "value" / declaration(codec.before), Terminated)
    return Select(declaration(codec.now), before)


def _is_text(value: JsonValue, pattern: str) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None


# Whole files.


@declaration.register
def _empty_or(codec: EmptyOr) -> Construct:
    nothing = FocusedSeq("value", Terminated, "value" / mapping("no content", "hex" / Computed("")))
    without = ExprValidator(nothing, lambda value, _: value == {"hex": ""})
    return Select(without, declaration(codec.inner))


def _filled(content: Construct, size: int) -> Construct:
    """*content* from the beginning of the file on and zeros up to its *size*; a file may be read in part."""
    room = Rebuild(_ZEROS, lambda context: bytes(size - context._io.tell()))
    return FocusedSeq("content", "content" / content, "room" / room)


@declaration.register
def _padded(codec: PaddedCodec) -> Construct:
    nothing = Expecting("nothing", Computed(codec.empty), lambda value: value == codec.empty)
    return Select(_filled(nothing, codec.size), _filled(declaration(codec.inner), codec.size))


@declaration.register
def _serial(_: SerialCodec) -> Construct:
    def number_of(count: int) -> Construct:
        parts = mapping(
            "serial number",
            "emetteur" / _digits(10),
            "numero" / _digits(count),
            "cle" / _digits(1),
            *([_FILLER] if count == 8 else []),
        )
        return Bitwise(parts)

    def keyed(value: JsonValue, _: object) -> JsonValue:
        given = record(value, "serial number", ("emetteur", "numero"), ("cle",))
        if "cle" in given:
            return value
        issuer, serial = string(given["emetteur"], "emetteur"), string(given["numero"], "numero")
        return {**given, "cle": luhn_key(issuer + serial)}

    return tagged(0x5A, ExprAdapter(Select(number_of(8), number_of(9)), lambda parts, _: parts, keyed))


@declaration.register
def _entry(codec: EntryCodec) -> Construct:
    parts = [
        key / (declaration(part) if size is None else FixedSized(size, declaration(part)))
        for key, part, size in codec.parts
    ]
    return mapping(codec.what, *parts, defaults=dict(codec.defaults))


@declaration.register
def _padded_name(_: PaddedName) -> Construct:
    name = Expecting(
        "a name of 1 to 8 printable ASCII characters",
        text("ascii", Bytes(8)),
        lambda name: re.fullmatch("[ -~]{8}", name) is not None,
    )
    return ExprAdapter(name, lambda name, _: name.rstrip(" "), lambda name, _: string(name, "name").ljust(8))


@declaration.register
def _pointers(_: PointersCodec) -> Construct:
    keys = ("applications", "files")

    def joined(objects: JsonValue, _: object) -> JsonValue:
        found = record(objects, "file map", keys)
        inner = record(found["applications"], "applications", ("list",))
        return {**found, "applications": inner["list"]}

    def apart(value: JsonValue, _: object) -> JsonValue:
        given = record(value, "file map", keys)
        return {**given, "applications": {"list": given["applications"]}}

    return Expecting(
        "a file of a listed application",
        ExprAdapter(declaration(FILE_MAP), joined, apart),
        lambda value: (
            {file["application"] for file in value["files"]}
            <= {application["id"] for application in value["applications"]}
        ),
    )


@declaration.register
def _groups(codec: GroupsCodec) -> Construct:
    def as_json(group: Construct, _: object) -> JsonValue:
        return wire.to_json([Group(group.id, tuple(group.fields))])[0]

    def of_json(value: JsonValue, _: object) -> Mapping[str, object]:
        (group,) = wire.from_json([value])
        return {"id": group.id, "fields": group.fields}

    wanted = codec.groups or tuple(GROUPS)
    group = Expecting(f"group {wanted}", declared.GROUP, lambda group: group["id"] in wanted)
    groups = listed("groups", ExprAdapter(group, as_json, of_json))
    return groups if codec.size is None else _filled(groups, codec.size)


# Security environments: control reference templates, ISO/IEC 7816-4:2020 §10.3.

_REFERENCES = objects({0x80: Byte, 0x83: Byte, 0x95: Byte, 0x5F4C: Bytes(recognition.CHA_SIZE)})

ENVIRONMENT = FocusedSeq(
    "environment",
    "environment" / tagged(0x7B, GreedyRange(Struct("tag" / TAG, "value" / Prefixed(LENGTH, _REFERENCES)))),
    Terminated,
)
"""What refers to algorithm (80), PIN or key (83), usage (95) and the authorisation of the other card (5F4C)."""

# The messages of the recognition: see :mod:`bifente.layouts.recognition`.

_IDENTITIES = (
    "own_chr" / Bytes(recognition.CHR_SIZE),
    "own_challenge" / Bytes(recognition.CHALLENGE_SIZE),
    "peer_chr" / Bytes(recognition.CHR_SIZE),
    "peer_challenge" / Bytes(recognition.CHALLENGE_SIZE),
)

TOKEN = Struct(
    Const(recognition.TOKEN_LABEL),
    "role" / Coded(BytesInteger(1), {"cps": recognition.ROLE_CPS, "vitale": recognition.ROLE_VITALE}),
    "own_cha" / Bytes(recognition.CHA_SIZE),
    *_IDENTITIES,
    "issued" / Bytes(recognition.DIGEST_SIZE),
    Terminated,
)
"""What each card signs for the other."""

SHEET = Struct(
    Const(recognition.SHEET_LABEL),
    "sheet_hash" / Bytes(recognition.DIGEST_SIZE),
    *_IDENTITIES,
    "issued_vitale" / Bytes(recognition.DIGEST_SIZE),
    "issued_cps" / Bytes(recognition.DIGEST_SIZE),
    Terminated,
)
"""What the Vitale signs for a care sheet."""
