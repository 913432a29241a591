"""The errors of personalisation: one line each, a hint, nothing written."""

from collections.abc import Sequence
from dataclasses import dataclass


class PersoError(Exception):
    """A card cannot be made, shown or changed as asked. ``hint`` says what can be done; it may be empty."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a profile: ``line`` counts from 1, ``field`` is a path such as ``holder.civility``."""

    source: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        where = f"{self.source}:{self.line}"
        return f"{where}: {self.field}: {self.message}" if self.field else f"{where}: {self.message}"


class ProfileError(PersoError):
    """A profile is not one. ``problems`` has at least one entry; ``str()`` has a line for each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(
            "\n".join(map(str, problems)),
            hint="bifente card profiles lists profiles that may serve as examples",
        )
        self.problems = tuple(problems)


class ContentError(PersoError):
    """An official card content (``.in``) that is not one, or is cut."""


class PathError(PersoError):
    """A path names no file or field of the card, or more than one, or the value does not fit there."""
