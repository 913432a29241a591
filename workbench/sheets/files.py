"""Where sheets are left: private files that appear whole, and that replace others only when that is wanted."""

from pathlib import Path

from bifente.workbench.errors import WorkbenchError


def check_output(path: Path, *, force: bool) -> None:
    """Refuse early what :func:`leave` would refuse after the cards have signed. Raises WorkbenchError, OSError."""
    from bifente.documents.writing import check_place

    try:
        check_place(path, replace=force)
    except FileExistsError as error:
        if not force and path.is_file():
            raise WorkbenchError(
                f"{path} is there already", "input.exists", hint="choose another name"
            ) from None
        raise WorkbenchError(f"{path}: {error.strerror}", hint="choose another name") from None
    except FileNotFoundError:
        raise WorkbenchError(f"{path}: its folder does not exist", hint="make the folder first") from None


def leave(path: Path, content: bytes, *, force: bool) -> None:
    """Write the file (mode 600)."""
    from bifente.documents import new_file

    new_file(path, content, replace=force)
