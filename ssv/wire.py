"""The wire form of the groups, as the SESAM-Vitale software carries them (measured on the CNDA test cards), and their JSON.

The structure, as the declaration :data:`bifente.ssv.declared.GROUP` says it::

    group := id (2 bytes, big-endian), length (BER), fields
    field := length (BER), bytes

Lengths are in their shortest form, as all those of the test cards are, and any other is refused: decoding and encoding
are inverse to one another byte for byte. :func:`decode` slices by hand to say *where* an error is, and a test holds it
equal to the declaration.

What a cut file looks like: a cut inside a group is always seen. The format has neither total length nor check sum, so
what ends between two groups is a smaller card as soon as it has a beneficiary;
:func:`~bifente.ssv.findings.unusual_end` says what such a card has not that others have.
"""

from collections.abc import Iterable, Mapping, Sequence

from bifente.documents.values import JsonValue
from bifente.ssv.errors import SsvError
from bifente.ssv.groups import GROUPS, Group, to_bytes
from bifente.ssv.people import check_order


def decode(data: bytes) -> list[Group]:
    """The groups of *data* in their order; SsvError naming offset, group and field."""
    groups = []
    at = 0
    while at < len(data):
        group, at = _decode_group(data, at)
        groups.append(group)
    return groups


def decode_prefix(data: bytes) -> tuple[list[Group], int]:
    """The groups at the beginning of *data*, up to its end or to a group number 0, and where they end; SsvError."""
    groups = []
    at = 0
    while at < len(data) and data[at : at + 2].strip(b"\0"):
        group, at = _decode_group(data, at)
        groups.append(group)
    return groups, at


def decode_card(data: bytes) -> list[Group]:
    """The groups of a whole card: those of :func:`decode`, in an order that :func:`check_order` accepts. SsvError."""
    groups = decode(data)
    check_order(groups)
    return groups


def encode(groups: Iterable[Group]) -> bytes:
    """The bytes of *groups*; SsvError when a field or group exceeds 65 535 bytes."""
    return b"".join(_encode_group(group) for group in groups)


def _length(size: int, group: int, field: int | None = None) -> bytes:
    if size < 0x80:
        return bytes((size,))
    if size < 0x100:
        return bytes((0x81, size))
    if size < 0x10000:
        return b"\x82" + size.to_bytes(2, "big")
    raise SsvError(f"{size} bytes are too long, the limit is 65535", group=group, field=field)


def _encode_group(group: Group) -> bytes:
    body = b"".join(
        _length(len(value), group.id, number) + value for number, value in enumerate(group.fields, 1)
    )
    return group.id.to_bytes(2, "big") + _length(len(body), group.id) + body


def _decode_group(data: bytes, at: int) -> tuple[Group, int]:
    if at + 2 > len(data):
        raise SsvError("the group number is cut", offset=at)
    identifier = data[at] << 8 | data[at + 1]
    description = GROUPS.get(identifier)
    if description is None:
        raise SsvError("there is no such group", offset=at, group=identifier)
    size, position = _read_length(data, at + 2, len(data), identifier, None)
    end = position + size
    if end > len(data):
        raise SsvError(
            f"{size} bytes announced, {len(data) - position} follow", offset=position, group=identifier
        )
    fields = []
    for number in range(1, len(description.fields) + 1):
        size, position = _read_length(data, position, end, identifier, number)
        if position + size > end:
            raise SsvError(
                f"{size} bytes announced, {end - position} are left in the group",
                offset=position,
                group=identifier,
                field=number,
            )
        fields.append(data[position : position + size])
        position += size
    if position != end:
        raise SsvError(f"{end - position} bytes follow the last field", offset=position, group=identifier)
    return Group(identifier, tuple(fields)), end


def _read_length(data: bytes, at: int, end: int, group: int, field: int | None) -> tuple[int, int]:
    if at >= end:
        raise SsvError("the length is missing", offset=at, group=group, field=field)
    first = data[at]
    if first < 0x80:
        return first, at + 1
    if first not in (0x81, 0x82):
        raise SsvError(f"{first:02X} is not a length", offset=at, group=group, field=field)
    after = at + first - 0x7F
    if after > end:
        raise SsvError("the length is cut", offset=at, group=group, field=field)
    size = int.from_bytes(data[at + 1 : after], "big")
    if size < (0x80 if first == 0x81 else 0x100):
        raise SsvError("the length is not in its shortest form", offset=at, group=group, field=field)
    return size, after


def to_json(groups: Iterable[Group]) -> list[dict[str, JsonValue]]:
    """``[{"group": 101, "fields": ["T", …]}, …]``, the fields as Latin-1 text."""
    return [
        {"group": group.id, "fields": [value.decode("latin-1") for value in group.fields]} for group in groups
    ]


def from_json(value: JsonValue) -> list[Group]:
    """The groups of the form that :func:`to_json` gives; SsvError."""
    groups = []
    for item in _list(value, "groups"):
        if not isinstance(item, Mapping):
            raise SsvError(f"group: a mapping was expected, not {type(item).__name__}")
        for key in _KEYS:
            if key not in item:
                raise SsvError(f"group: {key} is missing")
        for key in item:
            if key not in _KEYS:
                raise SsvError(f"group: {key!r} is not known")
        identifier = item["group"]
        if isinstance(identifier, bool) or not isinstance(identifier, int):
            raise SsvError("the number of a group is an integer")
        fields = []
        for number, text in enumerate(_list(item["fields"], f"group {identifier}, fields"), 1):
            if not isinstance(text, str):
                raise SsvError(
                    f"a text was expected, not {type(text).__name__}", group=identifier, field=number
                )
            fields.append(to_bytes(text, identifier, number))
        groups.append(Group(identifier, tuple(fields)))
    return groups


_KEYS = ("group", "fields")


def _list(value: JsonValue, what: str) -> Sequence[JsonValue]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise SsvError(f"{what}: a list was expected, not {type(value).__name__}")
    return value
