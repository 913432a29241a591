"""The errors of the annuaire."""

from pathlib import Path

from bifente.igc.errors import IgcError


class AnnuaireError(IgcError):
    """Something about the annuaire: its file, an extract, a search."""


class AnnuaireMissing(AnnuaireError):
    """There is no annuaire in the file."""

    kind = "input.no-annuaire"

    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no annuaire in {path}")
        self.path = path


class AnnuaireNewer(AnnuaireError):
    """A newer release made the file."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"{path}: the annuaire has version {found}, this release knows {known}",
            hint="use the release that made it, or import the extracts again",
        )


class AnnuaireBusy(AnnuaireError):
    """Another process is writing."""

    kind = "store-in-use"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: another process is writing into the annuaire", hint="wait until it has ended"
        )


class ExtractRefused(AnnuaireError):
    """A file is no extract of the Annuaire Santé, or a line of it is wrong. Nothing of it was taken."""

    def __init__(self, source: str, what: str, *, line: int = 0, hint: str = "") -> None:
        where = f"{source}, line {line}" if line else source
        super().__init__(f"{where}: {what}", hint=hint)
        self.line = line


class NotListed(AnnuaireError):
    """The annuaire has no such entry."""

    kind = "input.not-listed"


class NobodyToEncipherFor(AnnuaireError):
    """Nothing can be enciphered for that address."""

    kind = "input.nobody-to-encipher-for"
