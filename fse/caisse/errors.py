"""The errors of the caisse."""

from bifente.fse.errors import FseError


class CaisseError(FseError):
    """Something about a caisse itself, not about what it was sent: its settings, its store, its keys."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class CaisseStoreMissing(CaisseError):
    """There is no store where the settings say."""

    kind = "input.no-caisse"


class CaisseStoreNewer(CaisseError):
    """The store was written by a newer release."""


class RulesFileError(FseError):
    """A file of rules is not what it should be; one line for each problem, with its place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
