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
        if directory.is_file():
            self.kind = "input.not-a-folder"
            super().__init__(f"{directory}: a file, not the folder of an authority", hint="name the folder")
        else:
            super().__init__(f"there is no authority in {directory}")
        self.directory = directory


class AuthorityDamaged(IgcError):
    """Files of an authority are missing, unreadable or do not belong together."""

    def __init__(
        self, path: Path, what: str, *, hint: str = "restore the folder, or make another authority"
    ) -> None:
        super().__init__(f"{path}: {what}", hint=hint)
        self.path = path


class AuthorityNewer(AuthorityDamaged):
    """The register of an authority was written by a later release."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            path, f"is of version {found}, this release knows {known}", hint="use a newer release of bifente"
        )


class AuthorityBusy(IgcError):
    """Another program writes into the register of the authority, and does not finish."""

    kind = "store-in-use"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: another program is writing", hint="wait until it has finished, then try again"
        )


class WrongPassphrase(IgcError):
    """A private key of the authority is enciphered, and this is not the passphrase, or there is none."""

    kind = "no-permission.passphrase"

    def __init__(self, path: Path, what: str = "the passphrase is wrong") -> None:
        super().__init__(f"{path}: {what}")
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


class UnknownCertificate(IgcError):
    """The authority has issued no such certificate, or none for that card."""

    kind = "input.unknown-certificate"

    def __init__(self, what: str, directory: Path) -> None:
        super().__init__(f"the authority in {directory} has issued {what}")
        self.directory = directory


class RevocationRefused(IgcError):
    """The state of a certificate does not allow it: revoked already, or for good."""


class PublicationRefused(IgcError):
    """An authority cannot be published there."""

    kind = "input.publication"


class CertificateRevoked(IgcError):
    """A certificate was revoked."""

    kind = "signature.revoked"


class StatusUnavailable(IgcError):
    """Nobody can tell whether a certificate was revoked, and that is not to be put up with."""

    kind = "signature.status"
