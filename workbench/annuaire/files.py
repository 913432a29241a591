"""Where the annuaire is, when a command is given none."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bifente.igc.annuaire import Annuaire


def default_annuaire() -> Path:
    """The file in the user's data folder."""
    from platformdirs import user_data_path

    return user_data_path("bifente") / "annuaire.db"


def open_annuaire(path: Path | None = None) -> "Annuaire":
    """The annuaire in *path*, by default the user's, which must be there. Raises AnnuaireError, OSError."""
    from bifente.igc.annuaire import Annuaire

    return Annuaire.open(path or default_annuaire())


def make_annuaire(path: Path | None = None) -> "Annuaire":
    """The annuaire in *path*, by default the user's, made when there is none yet. Raises AnnuaireError, OSError."""
    from bifente.igc.annuaire import Annuaire

    return Annuaire.make(path or default_annuaire())
