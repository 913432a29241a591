"""Which records a command means: P1, P2 and the current record (ISO/IEC 7816-4:2020 §7.4.3 and §11.4.2)."""

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu.command import CommandAPDU
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.files import File
from bifente.applets.kernel.refusals import PART_4, wrong_parameters
from bifente.applets.kernel.target import rewrite, target
from bifente.layouts.structures import Records

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_4} §7.4.3"


class Which(IntEnum):
    """Bits 3 to 1 of P2: what P1 is, and which records are meant."""

    FIRST = 0
    """Of those whose identifier is P1; of all when P1 is 00. So the next three, seen from the current record."""
    LAST = 1
    NEXT = 2
    PREVIOUS = 3
    NUMBER = 4
    """Record number P1; the current one when it is 00."""
    ONWARDS = 5
    """Record P1 and all after it."""
    BACK = 6
    """The last record and all before it as far as P1."""


BY_IDENTIFIER = frozenset((Which.FIRST, Which.LAST, Which.NEXT, Which.PREVIOUS))
_WHICH = {which.value: which for which in Which}
_NO_SFI = 0x1F


class Address(NamedTuple):
    """Records of one file."""

    sfi: int
    """0 means the current EF."""
    which: Which
    p1: int
    """A record number, or an identifier."""


def address(apdu: CommandAPDU, clause: str, allowed: "Collection[Which]", expected: str) -> Address:
    """What P1-P2 say. Raises CardError 6A86 for a meaning that is not *allowed*."""
    sfi, which = apdu.p2 >> 3, _WHICH.get(apdu.p2 & 0x07)
    if which is None or which not in allowed or sfi == _NO_SFI or apdu.p1 == 0xFF:
        raise wrong_parameters(apdu, clause, expected)
    return Address(sfi, which, apdu.p1)


def records_file(card: "SmartCard", sfi: int) -> tuple[File, Records]:
    """The file of records that is meant, and its structure. Raises CardError."""
    file = target(card, sfi)
    structure = file.structure
    if structure is None:
        why = Why(f"{PART_4} §11.4.1", "{} is transparent, it has no records", (file.path,))
        raise CardError(SW.INCOMPATIBLE_WITH_FILE_STRUCTURE, why)
    return file, structure


def located(card: "SmartCard", file: File, meant: Address) -> "Sequence[int]":
    """The places of the records meant, from 0, in the order in which they are meant. Raises CardError 6A83.

    By a short identifier the file is meant anew: it has no current record.
    """
    count = len(file.records)
    current = 0 if meant.sfi else card.channel.record
    which = meant.which
    if which in BY_IDENTIFIER:
        return (_identified(file, meant, current),)
    number = meant.p1 or current
    if not 1 <= number <= count:
        said = "no record is current" if not number else f"it has no record {number:02X}"
        raise _not_found(file, f"{{}} has {{}} records, and {said}", count)
    if which == Which.NUMBER:
        return (number - 1,)
    return range(number - 1, count) if which == Which.ONWARDS else range(count - 1, number - 2, -1)


def _identified(file: File, meant: Address, current: int) -> int:
    structure, records = file.structure, file.records
    if meant.p1 and (structure is None or not structure.identified):
        raise _not_found(file, "the records of {} have no identifiers, P1 is 00 for all of them")
    places = [at for at, record in enumerate(records) if not meant.p1 or record[:1] == bytes((meant.p1,))]
    if current and meant.which is Which.NEXT:
        places = [at for at in places if at >= current]
    elif current and meant.which is Which.PREVIOUS:
        places = [at for at in places if at < current - 1]
    if not places:
        said = "" if not current else f" from record {current:02X}"
        raise _not_found(file, f"{{}} has no such record: {{}}{said}", meant.which.name.lower())
    forwards = meant.which in (Which.FIRST, Which.NEXT)
    return places[0 if forwards else -1]


def _not_found(file: File, pattern: str, *values: object) -> CardError:
    return CardError(SW.RECORD_NOT_FOUND, Why(_CLAUSE, pattern, (file.path, *values)))


def point(card: "SmartCard", file: File, meant: Address, place: int) -> None:
    """The file is the current one. Its current record is that at *place*, unless a number has named it (§7.4.3)."""
    channel = card.channel
    if meant.sfi:
        channel.file = file
        channel.record = 0
    if meant.which in BY_IDENTIFIER:
        channel.record = place + 1


def put(card: "SmartCard", file: File, structure: Records, changed: dict[int, bytes]) -> None:
    """Records have new contents; those of a fixed size keep it."""
    records = [changed.get(at, record) for at, record in enumerate(file.records)]
    rewrite(card, file, structure.join(records))


def fitting(clause: str, file: File, structure: Records, data: bytes) -> bytes:
    """*data*, which will be a record of this file. Raises CardError 6700 for another size than its records have."""
    size = structure.size
    if len(data) > size or (len(data) != size and not structure.variable):
        at_most = "at most " if structure.variable else ""
        pattern = f"{{}} bytes came for a record of {{}}, which has {at_most}{{}}"
        raise CardError(SW.WRONG_LENGTH, Why(clause, pattern, (len(data), file.path, size)))
    return data


def add(card: "SmartCard", clause: str, file: File, structure: Records, record: bytes) -> int:
    """A new record: the first of a cyclic file, where the oldest gives way, else the last. Its place, from 0.

    Raises CardError 6A84 when a linear file is full.
    """
    records = file.records
    if structure.cyclic:
        rewrite(card, file, structure.join((record, *records)[: structure.count]))
        return 0
    if len(records) == structure.count:
        why = Why(clause, "{} has {} records and room for no more", (file.path, len(records)))
        raise CardError(SW.NOT_ENOUGH_MEMORY, why)
    rewrite(card, file, structure.join((*records, record)))
    return len(records)
