"""How the content of an EF is organised: one string of bytes, or records (ISO/IEC 7816-4:2020 §7.4.6, tables 11 and 12).

The content of a file of records is kept as one string of bytes, the first record first. Records of a fixed size stand
one after the other; before each of variable size stands its length, in two bytes. That form is our own: a terminal
never sees it.
"""

from collections.abc import Iterable, Sequence
from enum import IntEnum

from bifente.apdu.files.fcp import FileDescriptor, FileStructure
from bifente.layouts.errors import LayoutError
from bifente.slotted import dataclass

_LENGTH_SIZE = 2
MAX_RECORDS = 254
"""A record number is 01 to FE (ISO/IEC 7816-4:2020 §7.4.3)."""


class WriteFunction(IntEnum):
    """What WRITE BINARY and WRITE RECORD make of old and new bytes: bits 7 and 6 of the data coding byte."""

    ONE_TIME = 0x00
    """Only what is erased can be written."""
    PROPRIETARY = 0x20
    OR = 0x40
    AND = 0x60

    @property
    def erased(self) -> int:
        """The byte of the logical erased state."""
        return 0xFF if self is WriteFunction.AND else 0x00


_DATA_UNIT = 0x01
"""The low bits of the data coding byte: data units of 2 quartets, one byte."""


@dataclass(frozen=True, slots=True)
class Transparent:
    """An EF that is a string of bytes, which the binary commands read and write."""

    writes: WriteFunction | None = None
    """None where the card does not say; then it is one-time write (ISO/IEC 7816-4:2020 table 118)."""

    @property
    def descriptor(self) -> FileDescriptor:
        """What its FCP says."""
        return FileDescriptor(
            FileStructure.TRANSPARENT, None if self.writes is None else self.writes | _DATA_UNIT
        )

    def check(self, content: bytes) -> None:
        """Any content will do."""

    def data_size(self, content: bytes) -> int:
        """How many bytes of data it holds."""
        return len(content)


TRANSPARENT = Transparent()


@dataclass(frozen=True, slots=True)
class Records:
    """An EF of at most *count* records of *size* bytes each, or of at most so many where they are of variable size.

    Raises ValueError for a structure that no file of records has.
    """

    size: int
    count: int
    form: FileStructure = FileStructure.LINEAR_FIXED
    writes: WriteFunction = WriteFunction.PROPRIETARY

    def __post_init__(self) -> None:
        if self.form <= FileStructure.TRANSPARENT:
            raise ValueError("a file of records is linear or cyclic")
        if not 1 <= self.count <= MAX_RECORDS or not 1 <= self.size <= 0xFFFF:
            raise ValueError("a file of records has room for 1 to 254 of 1 to 65535 bytes")

    @property
    def descriptor(self) -> FileDescriptor:
        """What its FCP says."""
        return FileDescriptor(self.form, self.writes | _DATA_UNIT, self.size, self.count)

    @property
    def variable(self) -> bool:
        """Each record has a size of its own."""
        return self.form in (FileStructure.LINEAR_VARIABLE, FileStructure.LINEAR_VARIABLE_TLV)

    @property
    def cyclic(self) -> bool:
        """The first record is the youngest, and a new one takes the place of the oldest."""
        return self.form in (FileStructure.CYCLIC, FileStructure.CYCLIC_TLV)

    @property
    def identified(self) -> bool:
        """Each record is a SIMPLE-TLV object, whose tag is its identifier (§7.4.3)."""
        return bool(self.form & 0x01)

    def check(self, content: bytes) -> None:
        """Raise LayoutError unless *content* is one of such records."""
        self.split(content)

    def data_size(self, content: bytes) -> int:
        """How many bytes of data it holds."""
        return sum(map(len, self.split(content))) if self.variable else len(content)

    def split(self, content: bytes) -> tuple[bytes, ...]:
        """The records, the first one first. Raises LayoutError."""
        if self.variable:
            records = tuple(self._variable(content))
        else:
            if len(content) % self.size:
                raise LayoutError(f"{len(content)} bytes are not records of {self.size} each")
            records = tuple(content[at : at + self.size] for at in range(0, len(content), self.size))
        if len(records) > self.count:
            raise LayoutError(f"{len(records)} records do not fit into a file of {self.count}")
        return records

    def _variable(self, content: bytes) -> Iterable[bytes]:
        at = 0
        while at < len(content):
            start = at + _LENGTH_SIZE
            length = int.from_bytes(content[at:start], "big")
            at = start + length
            if at > len(content) or length > self.size:
                raise LayoutError(f"record at offset {start}: {length} bytes are not there, or too many")
            yield content[start:at]

    def join(self, records: Sequence[bytes]) -> bytes:
        """The content that holds *records*. Raises LayoutError."""
        if len(records) > self.count:
            raise LayoutError(f"{len(records)} records do not fit into a file of {self.count}")
        for number, record in enumerate(records, 1):
            if len(record) > self.size or (len(record) < self.size and not self.variable):
                expected = "at most " if self.variable else ""
                raise LayoutError(f"record {number} has {len(record)} bytes, not {expected}{self.size}")
        if not self.variable:
            return b"".join(records)
        return b"".join(len(record).to_bytes(_LENGTH_SIZE, "big") + record for record in records)
