"""The groups of a carte Vitale as the SESAM-Vitale software carries them (format measured on the CNDA test cards).

The structure, as the declaration :data:`GROUP` says it::

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

from construct import (
    Array,
    ExprValidator,
    FocusedSeq,
    GreedyBytes,
    Int16ub,
    Prefixed,
    Struct,
    Terminated,
)

from bifente.layouts.ber import BER_LENGTH
from bifente.layouts.codec import JsonValue, record, sequence, string
from bifente.layouts.errors import LayoutError, SsvError
from bifente.slotted import dataclass
from bifente.ssv.findings import Finding, FindingKind, describe, findings
from bifente.ssv.groups import GROUPS, FieldDescription, FieldKind, Group, GroupDescription, to_bytes

FIELD = Prefixed(BER_LENGTH, GreedyBytes)
"""One field."""

GROUP = Struct(
    "id" / ExprValidator(Int16ub, lambda obj, _: obj in GROUPS),
    "fields"
    / Prefixed(
        BER_LENGTH,
        FocusedSeq("fields", "fields" / Array(lambda ctx: len(GROUPS[ctx._.id].fields), FIELD), Terminated),
    ),
)
"""One group: the number of its fields follows from its id."""

BENEFICIARIES = 19
"""At most this many on a card (the largest CNDA test cards)."""

_BODY_OF_BENEFICIARY = (105, 106, 107, 108, 109, 111)
_ONCE = (107, 109, 111)


def decode(data: bytes) -> list[Group]:
    """The groups of *data* in their order; SsvError naming offset, group and field."""
    groups = []
    at = 0
    while at < len(data):
        group, at = _decode_group(data, at)
        groups.append(group)
    return groups


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
        raise SsvError(f"{first:02X} is no length", offset=at, group=group, field=field)
    after = at + first - 0x7F
    if after > end:
        raise SsvError("the length is cut", offset=at, group=group, field=field)
    size = int.from_bytes(data[at + 1 : after], "big")
    if size < (0x80 if first == 0x81 else 0x100):
        raise SsvError("the length is not in its shortest form", offset=at, group=group, field=field)
    return size, after


def check_order(groups: Sequence[Group]) -> None:
    """Accept 101, [102], [103] and one to nineteen times (104, 105*, 106*, [107, 108*], [109], [111]); else SsvError.

    Mutuelle (107) and AMC (109) on one beneficiary are reported by ``findings``, not refused: the card exists.
    """
    ids = [group.id for group in groups]
    if not ids or ids[0] != 101:
        raise SsvError("a card begins with group 101", group=ids[0] if ids else None)
    previous = 101
    beneficiaries = 0
    for identifier in ids[1:]:
        if identifier == 104:
            beneficiaries += 1
        elif identifier in (102, 103):
            if not (beneficiaries == 0 and previous < identifier):
                raise SsvError(f"cannot stand after group {previous}", group=identifier)
        elif identifier in _BODY_OF_BENEFICIARY:
            again = identifier == previous and identifier in _ONCE
            if not beneficiaries or identifier < previous or again:
                raise SsvError(f"cannot stand after group {previous}", group=identifier)
            if identifier == 108 and previous not in (107, 108):
                raise SsvError("a period of a mutuelle without group 107", group=108)
        else:
            raise SsvError("is not a group of a carte Vitale, or stands twice", group=identifier)
        previous = identifier
    if not beneficiaries:
        raise SsvError("the card has no beneficiary (group 104)")
    if beneficiaries > BENEFICIARIES:
        raise SsvError(f"{beneficiaries} beneficiaries, the limit is {BENEFICIARIES}", group=104)


_HEADS = {101: "G101", 102: "G102", 103: "G103"}


def piece_names() -> tuple[str, ...]:
    """The names of all pieces that :func:`split` can make, in the order of the card."""
    return (*_HEADS.values(), *(f"BEN{number:02d}" for number in range(1, BENEFICIARIES + 1)))


def split(groups: Sequence[Group]) -> dict[str, list[Group]]:
    """The card in pieces, one for each file: G101, G102, G103 (when there) and BEN01 … BEN19, in card order.

    SsvError when the groups do not stand in the order of a card.
    """
    check_order(groups)
    pieces: dict[str, list[Group]] = {}
    current: list[Group] = []
    for group in groups:
        if group.id == 104:
            current = pieces[f"BEN{sum(name.startswith('BEN') for name in pieces) + 1:02d}"] = [group]
        elif group.id in _HEADS:
            pieces[_HEADS[group.id]] = [group]
        else:
            current.append(group)
    return pieces


def join(pieces: Mapping[str, Sequence[Group]]) -> list[Group]:
    """The groups in the order of the card from the pieces of :func:`split`, in whatever order they were read.

    Empty pieces (files that hold nothing) are skipped. SsvError for an unknown name or a piece of other groups.
    """
    names = piece_names()
    for name, piece in pieces.items():
        if name not in names:
            raise SsvError(f"{name!r} is not a piece of a card")
        ids = [group.id for group in piece]
        fits = ids in ([], [int(name[1:])]) if name in _HEADS.values() else not ids or ids[0] == 104
        if not fits or 104 in ids[1:]:
            raise SsvError(f"{name} holds other groups than its own", group=ids[0])
    groups = [group for name in names for group in pieces.get(name, ())]
    if groups:
        check_order(groups)
    return groups


def to_json(groups: Iterable[Group]) -> list[dict[str, JsonValue]]:
    """``[{"group": 101, "fields": ["T", …]}, …]``, the fields as Latin-1 text."""
    return [
        {"group": group.id, "fields": [value.decode("latin-1") for value in group.fields]} for group in groups
    ]


def from_json(value: JsonValue) -> list[Group]:
    """The groups of the form that :func:`to_json` gives; SsvError."""
    try:
        groups = []
        for item in sequence(value, "groups"):
            entry = record(item, "group", ("group", "fields"))
            identifier = entry["group"]
            if isinstance(identifier, bool) or not isinstance(identifier, int):
                raise SsvError("the number of a group is an integer")
            fields = enumerate(sequence(entry["fields"], f"group {identifier}, fields"), 1)
            texts = [(number, string(text, f"group {identifier}, field {number}")) for number, text in fields]
            groups.append(
                Group(identifier, tuple(to_bytes(text, identifier, number) for number, text in texts))
            )
    except SsvError:
        raise
    except LayoutError as error:
        raise SsvError(str(error)) from None
    return groups


@dataclass(frozen=True, slots=True)
class GroupsCodec:
    """The content codec of a file that holds SSV groups, as :func:`to_json` writes them.

    ``groups`` limits which may stand in it (none = any). With ``size`` the file has that length and zeros follow
    the groups (no group has the number 0, so they cannot be mistaken); a file of zeros holds ``[]``.
    """

    groups: tuple[int, ...] = ()
    size: int | None = None

    def encode(self, value: JsonValue) -> bytes:
        """The bytes of a file; SsvError, also when they exceed the size."""
        groups = from_json(value)
        self._check(groups)
        content = encode(groups)
        if self.size is None:
            return content
        if len(content) > self.size:
            raise SsvError(f"{len(content)} bytes do not fit into a file of {self.size}")
        return content.ljust(self.size, b"\0")

    def decode(self, data: bytes) -> JsonValue:
        """The groups of a file; SsvError."""
        value, end = self.decode_prefix(data)
        if end != len(data) and (self.size is None or any(data[end:])):
            raise SsvError("only groups or zeros may follow", offset=end)
        return value

    def decode_prefix(self, data: bytes) -> tuple[JsonValue, int]:
        """The groups at the beginning of *data*, up to its end or to a group number 0; SsvError."""
        groups = []
        at = 0
        while at < len(data) and data[at : at + 2].strip(b"\0"):
            group, at = _decode_group(data, at)
            groups.append(group)
        self._check(groups)
        return to_json(groups), at

    def _check(self, groups: Sequence[Group]) -> None:
        for group in groups:
            if self.groups and group.id not in self.groups:
                raise SsvError("does not belong into this file", group=group.id)


__all__ = [
    "BENEFICIARIES",
    "FIELD",
    "GROUP",
    "GROUPS",
    "FieldDescription",
    "FieldKind",
    "Finding",
    "FindingKind",
    "Group",
    "GroupDescription",
    "GroupsCodec",
    "check_order",
    "decode",
    "decode_card",
    "describe",
    "encode",
    "findings",
    "from_json",
    "join",
    "piece_names",
    "split",
    "to_json",
]
