"""The errors of the trust package: one line each, and what a person can do about it."""

from pathlib import Path


class IgcError(Exception):
    """Something about an authority or a certificate. ``hint`` says what can be done; it may be empty."""

    kind: str = "input"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class AuthorityMissing(IgcError):
    """There is no authority in the directory."""

    kind = "input.no-authority"

    def __init__(self, directory: Path) -> None:
        super().__init__(f"there is no authority in {directory}")
        self.directory = directory


class AuthorityDamaged(IgcError):
    """Files of an authority are missing, unreadable or do not belong together."""

    def __init__(
        self, path: Path, what: str, *, hint: str = "restore the folder, or make another authority"
    ) -> None:
        super().__init__(f"{path}: {what}", hint=hint)
        self.path = path


class DirectoryOccupied(IgcError):
    """The directory holds something else: nothing was written."""

    def __init__(self, directory: Path, what: str = "is not empty and holds no authority") -> None:
        super().__init__(f"{directory} {what}", hint="name another folder")
        self.directory = directory


class CertificateRefused(IgcError):
    """The authority does not issue such a certificate."""


class UntrustedCertificate(IgcError):
    """A certificate does not lead to a trusted authority, or not at that time."""

    kind = "signature"
