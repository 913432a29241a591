"""B2 files looked at: checked, and put in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bifente.documents import open_stream
from bifente.fse.b2 import B2File, B2Line, B2Row, read_file, read_rows
from bifente.fse.b2.check import B2Finding, check
from bifente.fse.b2.framing import B2Form, FramedFile
from bifente.fse.b2.words import FieldInWords, depth, fields_in_words


@dataclass(frozen=True, slots=True)
class RowInWords:
    """A record, how deep it lies in the tree of the file, and its fields."""

    row: B2Row
    depth: int
    fields: tuple[FieldInWords, ...]


def findings_of(path: Path) -> Iterator[B2Finding]:
    """What is wrong with the B2 file at *path*, in its order, read once. Raises OSError, DocumentError."""
    with open_stream(path) as stream:
        yield from check(stream)


def form_of(path: Path) -> B2Form:
    """How the file at *path* is laid out. Raises NotB2, OSError, DocumentError."""
    with open_stream(path) as stream:
        return FramedFile(stream).form


def rows_in_words(path: Path) -> Iterator[RowInWords]:
    """The records of the file at *path* in words, one after the other. Raises B2Error, OSError, DocumentError."""
    with open_stream(path) as stream:
        for row in read_rows(stream):
            yield row_in_words(row)


def row_in_words(row: B2Row) -> RowInWords:
    """One record."""
    return RowInWords(row, depth(row), tuple(fields_in_words(row)))


def tree_of(path: Path) -> dict[str, object]:
    """The file at *path* as a tree of plain values: lots, invoices, lines, and the fields of each record.

    Raises B2Error, OSError, DocumentError.
    """
    with open_stream(path) as stream:
        framed = FramedFile(stream)
        stream.seek(0)
        file = read_file(stream)
    return {
        "norm": file.norm,
        "form": {
            "encoding": framed.form.encoding,
            "line_ends": framed.form.line_ends,
            "byte_order_mark": framed.form.byte_order_mark,
        },
        **_tree(file),
    }


def _tree(file: B2File) -> dict[str, object]:
    return {
        "header": _plain(file.header),
        "lots": [
            {
                "header": _plain(lot.header),
                "invoices": [
                    {
                        "header": _plain(invoice.header),
                        "continuations": [_plain(row) for row in invoice.continuations],
                        "lines": [_line(line) for line in invoice.lines],
                        "total": _plain(invoice.total),
                    }
                    for invoice in lot.invoices
                ],
                "trailer": _plain(lot.trailer),
            }
            for lot in file.lots
        ],
        "trailer": _plain(file.trailer),
    }


def _line(line: B2Line) -> dict[str, object]:
    return {**_plain(line.row), "details": [_plain(row) for row in line.details]}


def _plain(row: B2Row) -> dict[str, object]:
    return {
        "record": row.name,
        "title": row.record.title,
        "number": row.number,
        "offset": row.offset,
        "fields": {
            one.field.name: {
                "columns": one.field.columns,
                "label": one.field.label,
                "value": one.value if isinstance(one.value, int | str) else str(one.value),
                "meaning": one.meaning,
            }
            for one in fields_in_words(row)
        },
    }


def as_plain(finding: B2Finding) -> dict[str, object]:
    """A finding as plain values."""
    return {
        "rule": finding.rule.name,
        "clause": finding.rule.clause,
        "demands": finding.rule.demands,
        "remark": finding.is_remark,
        "record": finding.record,
        "number": finding.number,
        "offset": finding.offset,
        "field": finding.field,
        "columns": finding.columns,
        "value": finding.value,
        "message": finding.message,
    }
