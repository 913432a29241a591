"""The contents of files of records, declared with construct: what the codec of records is held against."""

from construct import (
    Bytes,
    Check,
    Construct,
    FocusedSeq,
    GreedyRange,
    Int16ub,
    Rebuild,
    Terminated,
    len_,
    this,
)

from bifente.layouts.structures import Records


def content_of(structure: Records) -> Construct:
    """A content as the bytes of each record, in a list."""
    record = Bytes(structure.size)
    if structure.variable:
        record = FocusedSeq(
            "record",
            "length" / Rebuild(Int16ub, len_(this.record)),
            "fits" / Check(this.length <= structure.size),
            "record" / Bytes(this.length),
        )
    return FocusedSeq(
        "records",
        "records" / GreedyRange(record),
        "fit" / Check(len_(this.records) <= structure.count),
        Terminated,
    )
