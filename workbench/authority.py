"""The authority that certifies cards when a command is given none: one TEST authority in the user's data folder."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bifente.apdu.cvc import CvKey
    from bifente.igc import Authority
    from bifente.igc.keyring import PassphraseSource
    from bifente.igc.keys import Progress


def default_folder() -> Path:
    """Where that authority lives."""
    from platformdirs import user_data_path

    return user_data_path("bifente") / "igc-test"


def roots_for(folder: Path | None, *certificates: bytes) -> "tuple[CvKey, ...]":
    """By which roots a terminal judges these CV certificates: those of the authority in *folder*.

    Without a folder those of the default authority, if it issued them all; else none, and the cards judge alone.
    """
    from bifente.apdu.cvc import CvError
    from bifente.igc import Authority
    from bifente.terminal.anchors import verify_certificate

    if folder is not None:
        return _roots(open_authority(folder))
    roots = _roots(Authority.open(default_folder())) if Authority.exists(default_folder()) else ()
    try:
        for certificate in certificates:
            verify_certificate(certificate, roots)
    except CvError:
        return ()
    return roots


def _roots(authority: "Authority") -> "tuple[CvKey, ...]":
    return authority.trust_store.cv_roots


def authority_at_hand(
    folder: Path | None = None, *, passphrase: "PassphraseSource | None" = None
) -> "Authority | None":
    """The authority in *folder*; without one the default one when there is one: none is made for this."""
    from bifente.igc import Authority

    if folder is None and not Authority.exists(default_folder()):
        return None
    return open_authority(folder, passphrase=passphrase)


def open_authority(
    folder: Path | None = None,
    *,
    progress: "Progress | None" = None,
    passphrase: "PassphraseSource | None" = None,
) -> "Authority":
    """The authority in *folder*, which must be there; without one the default one, made when first needed.

    Making one takes seconds: *progress* is told of each key. *passphrase* is asked when its keys are enciphered.
    """
    from bifente.igc import Authority

    if folder is not None:
        return Authority.open(folder, passphrase=passphrase)
    folder = default_folder()
    if Authority.exists(folder):
        return Authority.open(folder, passphrase=passphrase)
    return Authority.init(folder, progress=progress)


def must_be_made(folder: Path | None) -> bool:
    """Whether :func:`open_authority` would make the default authority, which takes seconds."""
    from bifente.igc import Authority

    return folder is None and not Authority.exists(default_folder())
