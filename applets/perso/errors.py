"""The errors of personalisation: one line each, a hint, nothing written."""

from collections.abc import Sequence

from bifente.slotted import dataclass


class PersoError(Exception):
    """A card cannot be made, shown or changed as asked. ``hint`` says what can be done; it may be empty."""

    kind: str = "input"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class OtherAuthority(PersoError):
    """The authority that was given is not the one that issued the card."""

    kind = "input.other-authority"

    def __init__(self) -> None:
        super().__init__("another authority issued this card")


class OtherEnvironment(PersoError):
    """A card of one ``environment`` (the letter of the one that is wanted) is not issued by an authority of another."""

    kind = "input.other-environment"

    def __init__(self, card: str, wanted: str, found: str) -> None:
        super().__init__(f"a {card} card is not issued by an authority of environment {found}")
        self.environment = wanted


class UnknownProfile(PersoError):
    """There is no shipped profile of that name."""

    kind = "input.unknown-profile"

    def __init__(self, name: str, *, hint: str = "") -> None:
        super().__init__(f"there is no shipped profile {name!r}", hint=hint)
        self.name = name


class NotGroups(PersoError):
    """A file of groups has bytes that are not a group."""

    kind = "input.not-groups"

    def __init__(self, file: str) -> None:
        super().__init__(f"{file} holds bytes that are not groups")
        self.file = file


@dataclass(frozen=True, slots=True)
class ProfileProblem:
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

    kind = "input.profile"

    def __init__(self, problems: Sequence[ProfileProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class ContentError(PersoError):
    """An official card content (``.in``) that is not one, or is cut."""


class PathError(PersoError):
    """A path names no file or field of the card, or more than one, or the value does not fit there."""


class NoSuchFile(PathError):
    """A path begins with a file that the layout of this card does not have."""

    kind = "input.no-such-file"

    def __init__(self, file: str, *, hint: str = "") -> None:
        super().__init__(f"there is no file {file} on this card", hint=hint)


class FileNotMade(PathError):
    """The layout has the file, this card does not hold it: only a whole value can be put there."""

    kind = "input.file-not-made"

    def __init__(self, file: str) -> None:
        super().__init__(f"there is no file {file} on this card")


class NoSuchField(PathError):
    """The value in a file has no such key or position."""

    kind = "input.no-such-field"

    def __init__(self, file: str, field: str) -> None:
        super().__init__(f"{file}: there is no {field}")
