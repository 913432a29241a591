"""Data objects of a card: the layout's nodes joined with the values in the store (ISO/IEC 7816-4:2020 §11.5).

A record holds the values of one object, in a list: one for each occurrence, empty where there is none.
"""

import json
from typing import TYPE_CHECKING

from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.kernel.errors import CardError, CorruptCard
from bifente.applets.kernel.recordjson import read_json
from bifente.layouts.nodes import DataObject

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

OBJECT_PREFIX = "object/"
MAX_OBJECT = 4096
"""Bytes of one value (synthetic)."""


def object_record(path: str, reference: int) -> str:
    """The name of the record of a data object."""
    return f"{OBJECT_PREFIX}{path}/{reference:04X}"


def encode_values(values: list[bytes]) -> bytes:
    """The values of an object as a record."""
    return json.dumps([value.hex().upper() for value in values], separators=(",", ":")).encode()


def decode_values(name: str, record: bytes, most: int) -> list[bytes]:
    """The values in a record. Raises CorruptCard."""
    found = read_json(name, record, "the values of a data object")
    if isinstance(found, list) and len(found) <= most:
        try:
            values = [bytes.fromhex(str(value)) for value in found]
        except ValueError:
            values = [bytes(MAX_OBJECT + 1)]
        if all(len(value) <= MAX_OBJECT for value in values):
            return values
    raise CorruptCard(name, f"not at most {most} values of a data object, hexadecimal")


def object_of(card: "SmartCard", clause: str, reference: int) -> DataObject:
    """The object of that reference in the current directory. Raises CardError 6A88."""
    directory = card.channel.directory
    for each in directory.node.objects:
        if each.reference == reference:
            return each
    why = Why(clause, "{} has no data object {:04X}", (directory.path, reference))
    raise CardError(SW.REFERENCED_DATA_NOT_FOUND, why)


def values_of(card: "SmartCard", meant: DataObject) -> list[bytes]:
    """All its values; none where nothing was put."""
    name = object_record(card.channel.directory.path, meant.reference)
    try:
        record = card.store.get(name)
    except KeyError:
        return []
    return decode_values(name, record, meant.most)


def occurrence(card: "SmartCard", meant: DataObject) -> int:
    """Which of its values is selected: SELECT DATA chooses another than the first."""
    selected = card.channel.selected
    return selected[1] if selected is not None and selected[0] == meant.reference else 0
