"""What can go wrong with a conformance run itself, and what a case says when the card or reader is wrong."""

from dataclasses import dataclass


class ConformanceError(Exception):
    """The run cannot begin: a bad script, an unknown reader, the wrong card. *hint* says what to do about it."""

    kind: str = "input"

    def __init__(self, what: str, hint: str | None = None) -> None:
        super().__init__(what)
        self.hint = hint


class UnknownCardKind(ConformanceError):
    """A kind of card that there is not, or a card whose kind nobody could find out."""

    kind = "input.card-kind"


class CardKindsDoNotMatch(ConformanceError):
    """Kinds are named, and not as many as there are readers."""

    kind = "input.card-kinds"


class SerialMissing(ConformanceError):
    """A real card, and nobody has said that it is the one to test."""

    kind = "input.no-serial"


class NotAReport(ConformanceError):
    """A document that is not a report of a run."""

    kind = "input.not-a-report"


@dataclass(frozen=True, slots=True)
class ScriptProblem:
    """One thing wrong in a card script, with its line (from 1)."""

    source: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.message}"


class ScriptError(ConformanceError):
    """A card script that cannot be read; ``problems`` has every problem that was found."""

    def __init__(self, problems: list[ScriptProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class Nonconformity(Exception):
    """The card or reader under test does not do what the clause says."""


class CannotRun(Exception):
    """A case finds out on its way that it cannot be run here; the message says why."""
