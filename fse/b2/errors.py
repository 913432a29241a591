"""What is wrong with a B2 record or file, as errors; findings of the validator are values (``check/``)."""

from bifente.fse.errors import FseError


class B2Error(FseError, ValueError):
    """A B2 record or file that cannot be written or read. The message names record, field, columns and value."""

    kind = "input.b2"


class B2ValueError(B2Error):
    """A value that a field cannot hold. ``record``, ``field`` and ``columns`` (as ``43–55``) say where."""

    def __init__(self, record: str, field: str, columns: str, reason: str) -> None:
        super().__init__(f"record {record}, field {field} (columns {columns}): {reason}")
        self.record = record
        self.field = field
        self.columns = columns
        self.reason = reason


class NotB2(B2Error):
    """Bytes that do not begin as a B2 file does (record 000), or whose norm is not one of those declared here."""

    hint = "a B2 file begins with record 000 and names its norm in columns 62–65 (PS or CP)"
