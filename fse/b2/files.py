"""A B2 file as a tree: file → lots → invoices → lines, and back to bytes.

``000`` { ``1`` { ``2`` + continuations, lines (``4`` or ``3`` + continuations), ``5`` } ``6`` } ``999`` (``spec/fse.md`` §1.1).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from bifente.fse.b2.errors import B2Error, NotB2
from bifente.fse.b2.framing import Chunk, FramedFile
from bifente.fse.b2.record import LENGTH, B2Record, B2Row
from bifente.fse.b2.records import norm_of, recogniser


@dataclass(frozen=True, slots=True)
class B2Line:
    """An act: record 4 (or 3 of an establishment) and what continues it."""

    row: B2Row
    details: tuple[B2Row, ...] = ()

    def rows(self) -> Iterator[B2Row]:
        """In the order of the file."""
        yield self.row
        yield from self.details


@dataclass(frozen=True, slots=True)
class B2Invoice:
    """Record 2 with its continuations, the lines, record 5."""

    header: B2Row
    continuations: tuple[B2Row, ...]
    lines: tuple[B2Line, ...]
    total: B2Row

    def rows(self) -> Iterator[B2Row]:
        """In the order of the file."""
        yield self.header
        yield from self.continuations
        for line in self.lines:
            yield from line.rows()
        yield self.total


@dataclass(frozen=True, slots=True)
class B2Lot:
    """Record 1, the invoices, record 6."""

    header: B2Row
    invoices: tuple[B2Invoice, ...]
    trailer: B2Row

    def rows(self) -> Iterator[B2Row]:
        """In the order of the file."""
        yield self.header
        for invoice in self.invoices:
            yield from invoice.rows()
        yield self.trailer


@dataclass(frozen=True, slots=True)
class B2File:
    """Record 000, the lots, record 999."""

    header: B2Row
    lots: tuple[B2Lot, ...]
    trailer: B2Row

    @property
    def norm(self) -> str:
        """PS or CP: by whose declarations the file is read."""
        return norm_of(self.header.text("norme"))

    def rows(self) -> Iterator[B2Row]:
        """In the order of the file."""
        yield self.header
        for lot in self.lots:
            yield from lot.rows()
        yield self.trailer


def write_file(file: B2File | Iterable[B2Row]) -> bytes:
    """The bytes of a file: records one after the other, nothing between them."""
    return b"".join(row.raw for row in (file.rows() if isinstance(file, B2File) else file))


def read_rows(source: bytes | BinaryIO) -> Iterator[B2Row]:
    """The records of a file, one after the other, in constant memory; their order is not looked at.

    Raises NotB2, and B2Error with record number and offset for a record of another length or of no declared type.
    """
    framed = FramedFile(source)
    chunks = framed.chunks()
    first = next(chunks)
    recognise = recogniser(norm_of(first.raw[61:65].decode("latin-1")))
    yield _row(first, recognise(first.raw))
    for chunk in chunks:
        yield _row(chunk, recognise(chunk.raw))


def _row(chunk: Chunk, record: B2Record | None) -> B2Row:
    number, offset, raw, length = chunk
    if length != LENGTH:
        raise B2Error(f"record {number} (byte {offset}): {length} characters, not {LENGTH}")
    if record is None:
        raise B2Error(f"record {number} (byte {offset}): {raw[:40]!r} is no record of this norm")
    return B2Row(record, raw, number, offset)


def read_file(source: bytes | BinaryIO) -> B2File:
    """The whole file as a tree. Raises NotB2, and B2Error with the record that does not belong where it stands.

    Totals, keys and codes are the validator's matter (:mod:`bifente.fse.b2.check`).
    """
    rows = _Rows(read_rows(source))
    header = rows.take("000")
    lots = []
    while rows.type == "1":
        lots.append(_lot(rows))
    trailer = rows.take("999")
    if rows.here is not None:
        raise rows.misplaced("nothing follows record 999")
    return B2File(header, tuple(lots), trailer)


def read_lots(source: bytes | BinaryIO) -> Iterator[B2Lot]:
    """The lots of a file, one at a time in memory. Raises as :func:`read_file`."""
    rows = _Rows(read_rows(source))
    rows.take("000")
    while rows.type == "1":
        yield _lot(rows)
    rows.take("999")
    if rows.here is not None:
        raise rows.misplaced("nothing follows record 999")


class _Rows:
    """The rows, with the one that comes next in sight."""

    def __init__(self, rows: Iterator[B2Row]) -> None:
        self._rows = rows
        self.here: B2Row | None = next(rows, None)

    @property
    def type(self) -> str:
        """``4`` of 4 and 4M alike; empty at the end."""
        return "" if self.here is None else self.here.record.type

    @property
    def continues(self) -> bool:
        """Whether the next row has a letter."""
        return self.here is not None and self.here.record.letter != ""

    def take(self, *names: str) -> B2Row:
        """The next row, which must be one of *names*. Raises B2Error."""
        here = self.here
        if here is None or here.name not in names:
            raise self.misplaced(f"record {' or '.join(names)} expected here")
        self.here = next(self._rows, None)
        return here

    def continuations(self, kind: str) -> tuple[B2Row, ...]:
        """The rows with letters of type *kind* that come next."""
        found = []
        while self.here is not None and self.here.record.letter and self.here.record.type == kind:
            found.append(self.take(self.here.name))
        return tuple(found)

    def misplaced(self, why: str) -> B2Error:
        """The error about the next row."""
        if self.here is None:
            return B2Error(f"the file ends too early: {why}")
        return B2Error(f"record {self.here.number} (byte {self.here.offset}) is a {self.here.name}: {why}")


def _lot(rows: _Rows) -> B2Lot:
    header = rows.take("1")
    invoices = []
    while rows.type == "2":
        invoices.append(_invoice(rows))
    return B2Lot(header, tuple(invoices), rows.take("6"))


def _invoice(rows: _Rows) -> B2Invoice:
    header = rows.take("2")
    continuations = rows.continuations("2")
    lines = []
    while rows.type in ("3", "4"):
        row = rows.take("3", "4")
        lines.append(B2Line(row, rows.continuations(row.record.type)))
    return B2Invoice(header, continuations, tuple(lines), rows.take("5"))


__all__ = [
    "B2File",
    "B2Invoice",
    "B2Line",
    "B2Lot",
    "NotB2",
    "read_file",
    "read_lots",
    "read_rows",
    "write_file",
]
