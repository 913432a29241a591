"""The records of the B2 norms: declarations, reader, writer and validator. This room knows no care sheet."""

from bifente.fse.b2.errors import B2Error, B2ValueError, NotB2
from bifente.fse.b2.fields import B2Given, B2Value, day_of
from bifente.fse.b2.files import (
    B2File,
    B2Invoice,
    B2Line,
    B2Lot,
    read_file,
    read_lots,
    read_rows,
    write_file,
)
from bifente.fse.b2.record import B2Record, B2Row
from bifente.fse.b2.records import RECORDS, build_row, find_record

__all__ = [
    "RECORDS",
    "B2Error",
    "B2File",
    "B2Given",
    "B2Invoice",
    "B2Line",
    "B2Lot",
    "B2Record",
    "B2Row",
    "B2Value",
    "B2ValueError",
    "NotB2",
    "build_row",
    "day_of",
    "find_record",
    "read_file",
    "read_lots",
    "read_rows",
    "write_file",
]
