"""The authority that a command works with; making the default one shows a bar."""

from pathlib import Path
from typing import TYPE_CHECKING

from bifente.cli.progress import progress

if TYPE_CHECKING:
    from bifente.igc import Authority


def open_authority(folder: Path | None = None) -> "Authority":
    """The authority in *folder*, which must be there; without one the default one, made when first needed."""
    from bifente.workbench import authority

    if not authority.must_be_made(folder):
        return authority.open_authority(folder)
    with progress("RSA keys of a TEST authority") as told:
        return authority.open_authority(folder, progress=told)
