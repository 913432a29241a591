"""What is wrong with a NOEMIE file, one finding at a time: where, in which field, by which rule, and the value that stands there."""

from dataclasses import dataclass
from enum import Enum


class RuleBasis(Enum):
    """What a rule rests on."""

    PUBLISHED = "published"
    """The public layout (``spec/fse.md`` §2.2) says so."""
    READING = "reading"
    """Our reading of what is not public: a file of others may rightly do otherwise."""


@dataclass(frozen=True, slots=True)
class EntityPlace:
    """Where something stands: ``ordinal`` counts entities, ``block`` blocks of 128 characters, both from 1; ``byte`` is the
    offset in the file (after decompression), from 0."""

    ordinal: int
    block: int
    byte: int


@dataclass(frozen=True, slots=True)
class NoemieFinding:
    """One thing that is wrong. ``entity`` is its type, or empty for the file as a whole; ``field`` is the label, or empty."""

    place: EntityPlace
    entity: str
    field: str
    rule: str
    value: str
    message: str
    basis: RuleBasis = RuleBasis.PUBLISHED

    def line(self) -> str:
        """One line for people; the value is a stranger's, to be made visible by whoever shows it."""
        what = f"entity {self.entity} (no. {self.place.ordinal})" if self.entity else "file"
        field = f", {self.field}" if self.field else ""
        value = f" [{self.value}]" if self.value else ""
        reading = " (our reading)" if self.basis is RuleBasis.READING else ""
        return f"block {self.place.block}, byte {self.place.byte}: {what}{field}: {self.rule}: {self.message}{value}{reading}"
