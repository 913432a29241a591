"""The annuaire's pages served on loopback, until somebody ends it."""

from collections.abc import Callable
from pathlib import Path

from bifente.web.serving import missing_library, serve
from bifente.workbench.annuaire.files import default_annuaire, open_annuaire


def serve_annuaire(path: Path | None, port: int, *, ready: Callable[[str], None]) -> None:
    """Serve the annuaire in *path*, by default the user's; *ready* is told its address.

    Raises AnnuaireError, WorkbenchError, OSError before anything is served.
    """
    try:
        from bifente.web.annuaire.pages import annuaire_pages
        from bifente.web.application import make_application
    except ImportError as error:
        raise missing_library(error) from None
    open_annuaire(path).close()
    application = make_application([annuaire_pages(path or default_annuaire())])
    serve(application, port, ready=ready)
