"""Zones: groups with their fields, of whatever number, in the wire form of the SSV interface (spec/fse.md §3.3).

::

    group := id (2 bytes, big-endian), length (BER), fields
    field := length (BER), bytes

:mod:`bifente.ssv.wire` knows the groups of the two cards and refuses all others; a zone of the interface holds groups of the
configuration and of invoices besides.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from bifente.sesam.errors import SesamError
from bifente.ssv.groups import GROUPS


class ZoneGroup(NamedTuple):
    """A group and its fields."""

    id: int
    fields: tuple[bytes, ...]

    def text(self, field: int) -> str:
        """The text of a field by its number from 1; empty when the group has fewer."""
        return self.fields[field - 1].decode("latin-1").strip() if field <= len(self.fields) else ""


OTHER_NAMES: Final[Mapping[int, str]] = MappingProxyType(
    {
        60: "Versions",
        61: "Lecteur",
        62: "Composant SSV",
        63: "Composants GALSS",
        64: "Composant",
        1110: "Facture",
        1120: "PS",
        1130: "Bénéficiaire",
        1140: "Structure",
        1150: "Remplaçant",
        1160: "Individu",
        1220: "Arrêt de travail",
        1310: "AMO",
        1321: "AMC",
        9000: "Feuille de soins (synthetic)",
        9001: "Fichier B2 (synthetic)",
        9002: "Lot (synthetic)",
        9100: "Acte (synthetic)",
        9200: "ARL (synthetic)",
    }
)
"""Names of groups that no card holds (spec/fse.md §3.3, spec/ssv.md §4); those from 9000 on are ours."""


def group_name(identifier: int) -> str:
    """What a group is called; ``groupe N`` for one that nothing public names."""
    if identifier in GROUPS:
        return GROUPS[identifier].name
    return OTHER_NAMES.get(identifier, f"groupe {identifier}")


def ber_length(size: int) -> bytes:
    """The shortest form of a length. Raises SesamError above 65 535."""
    if size < 0x80:
        return bytes((size,))
    if size < 0x100:
        return bytes((0x81, size))
    if size < 0x10000:
        return b"\x82" + size.to_bytes(2, "big")
    raise SesamError(f"{size} bytes in a group or field, at most 65535")


def encode_zone(groups: Iterable[ZoneGroup]) -> bytes:
    """The bytes of *groups*. Raises SesamError."""
    made = []
    for group in groups:
        body = b"".join(ber_length(len(field)) + field for field in group.fields)
        made.append(group.id.to_bytes(2, "big") + ber_length(len(body)) + body)
    return b"".join(made)


def decode_zone(zone: bytes) -> list[ZoneGroup]:
    """The groups of *zone*; zeros may follow the last one. Raises SesamError."""
    groups = []
    at = 0
    while at < len(zone) and zone[at:].strip(b"\0"):
        if at + 3 > len(zone):
            raise SesamError(f"offset {at}: a group is cut")
        identifier = int.from_bytes(zone[at : at + 2], "big")
        size, position = _length(zone, at + 2, len(zone))
        end = position + size
        fields = []
        while position < end:
            size, position = _length(zone, position, end)
            fields.append(zone[position : position + size])
            position += size
        groups.append(ZoneGroup(identifier, tuple(fields)))
        at = end
    return groups


def _length(zone: bytes, at: int, end: int) -> tuple[int, int]:
    """A length at *at*, and where its content begins, which ends before *end*."""
    first = zone[at]
    if first < 0x80:
        size, after = first, at + 1
    elif first in (0x81, 0x82):
        after = at + first - 0x7F
        size = int.from_bytes(zone[at + 1 : after], "big")
    else:
        raise SesamError(f"offset {at}: {first:02X} is not a length")
    if after + size > end:
        raise SesamError(f"offset {at}: {size} bytes announced, {max(end - after, 0)} follow")
    return size, after
