"""A caisse in a folder: made, asked how it stands, and served."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.fse.caisse.configuration import CaisseSettings
    from bifente.fse.caisse.store.records import JournalEntry
    from bifente.fse.caisse.store.statistics import CaisseStatus
    from bifente.fse.caisse.store.store import CaisseStore


def make_caisse(
    folder: Path,
    organismes: tuple[str, ...],
    *,
    name: str = "Caisse d'essai",
    address: str | None = None,
    store: str = "caisse.db",
    authority: Path | None = None,
) -> "CaisseSettings":
    """Make a caisse in *folder*, which is made if need be: settings and an empty store. Raises CaisseError, OSError.

    *address* is that of the first organisme when None, *authority* the default one.
    """
    from bifente.documents import new_file
    from bifente.documents.yamltext import write_yaml
    from bifente.fse.caisse.configuration import FILE, CaisseSettingsError
    from bifente.fse.caisse.store.opening import open_engine, store_url
    from bifente.fse.caisse.store.store import CaisseStore
    from bifente.workbench.authority import default_folder

    trusted = authority.resolve() if authority is not None else default_folder()
    first = organismes[0] if organismes else ""
    document = {
        "name": name,
        "organismes": list(organismes),
        "address": address or f"{first}@{first[2:]}.{first[:2]}.rss.fr",
        "store": store,
        "authorities": [str(trusted)],
    }
    settings = _checked(write_yaml(document), folder / FILE)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / FILE).exists():
        raise CaisseSettingsError(f"{folder / FILE} is there already", hint="name another folder")
    held = CaisseStore(open_engine(store_url(settings.store, folder), make=True))
    try:
        new_file(folder / FILE, (_HEAD + write_yaml(document)).encode())
        with held.writing() as transaction:
            transaction.note(
                datetime.now(UTC), "made", f"{settings.name} for {', '.join(settings.organismes)}"
            )
    finally:
        held.close()
    return settings


_HEAD = "# A caisse of bifente (synthetic): docs/caisse.md says what may stand here.\n"


def _checked(text: str, path: Path) -> "CaisseSettings":
    from bifente.fse.caisse.checked import DocumentProblems, parse_model
    from bifente.fse.caisse.configuration import CaisseSettings, CaisseSettingsError

    try:
        return parse_model(text, str(path), CaisseSettings)
    except DocumentProblems as error:
        raise CaisseSettingsError(str(error)) from None


def settings_of(folder: Path) -> "CaisseSettings":
    """The settings of the caisse in *folder*. Raises WorkbenchError when there is none, CaisseSettingsError, OSError."""
    from bifente.fse.caisse.configuration import FILE, read_settings

    if not (folder / FILE).is_file():
        raise WorkbenchError(f"there is no caisse in {folder}", "input.no-caisse")
    return read_settings(folder)


@contextmanager
def opened(folder: Path) -> "Iterator[CaisseStore]":
    """The store of the caisse in *folder*, closed at the end of the block. Raises WorkbenchError, CaisseError, OSError."""
    from bifente.fse.caisse.store.opening import open_engine, store_url
    from bifente.fse.caisse.store.store import CaisseStore

    store = CaisseStore(open_engine(store_url(settings_of(folder).store, folder)))
    try:
        yield store
    finally:
        store.close()


def caisse_status(folder: Path) -> "CaisseStatus":
    """How the caisse in *folder* stands. Raises WorkbenchError, CaisseError, OSError."""
    from bifente.fse.caisse.store.statistics import status

    with opened(folder) as store, store.reading() as transaction:
        return status(transaction)


def caisse_journal(folder: Path, *, last: int | None = None, lot: int | None = None) -> "list[JournalEntry]":
    """The journal of the caisse in *folder*, or its last lines. Raises WorkbenchError, CaisseError, OSError."""
    with opened(folder) as store, store.reading() as transaction:
        return transaction.journal(last=last, lot=lot)
