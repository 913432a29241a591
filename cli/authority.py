"""The authority that certifies cards when a command is given none: one TEST authority in the user's data folder."""

from pathlib import Path
from typing import TYPE_CHECKING

from bifente.cli.progress import progress

if TYPE_CHECKING:
    from bifente.igc import Authority


def default_folder() -> Path:
    """Where that authority lives."""
    from platformdirs import user_data_path

    return user_data_path("bifente") / "igc-test"


def open_authority(folder: Path | None = None) -> "Authority":
    """The authority in *folder*, which must be there; without one the default one, made when first needed."""
    from bifente.igc import Authority

    if folder is not None:
        return Authority.open(folder)
    folder = default_folder()
    if Authority.exists(folder):
        return Authority.open(folder)
    with progress("RSA keys of a TEST authority") as told:
        return Authority.init(folder, progress=told)
