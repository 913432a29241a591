"""Card files: the one way to change one, files that appear whole, and what a card in use says when its file refuses."""

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bifente.documents.writing import check_place
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bifente.applets import SmartCard
    from bifente.applets.perso.cardrecords import Records
    from bifente.applets.perso.edit.change import Changes
    from bifente.applets.perso.edit.compare import CardDifference


class CardNews(NamedTuple):
    """The card before and after a change. Secrets are compared, never shown."""

    before: "Records"
    after: "Records"

    @property
    def differences(self) -> "Sequence[CardDifference]":
        """Each field that has another value now."""
        from bifente.applets.perso.edit.compare import compare

        return compare(self.before, self.after)

    @property
    def signed_anew(self) -> str | None:
        """The name of the file with the issuer's signature, when that covers the whole card now: its bytes say nothing."""
        from bifente.applets.perso import issuersigned
        from bifente.applets.perso.cardrecords import layout_of

        layout = layout_of(self.after)
        if layout.issuer_signature is None or issuersigned.uncovered(self.after):
            return None
        return layout.file(layout.issuer_signature).name

    @property
    def noticed(self) -> list[str]:
        """What is odd about the card now and was not before."""
        from bifente.applets.perso.edit.view import noticed

        known = set(noticed(self.before))
        return [one for one in noticed(self.after) if one not in known]


def edit(path: Path, change: "Callable[[Records], Changes]", *, healing: bool = False) -> "CardNews":
    """Change a card in one transaction: all of it, or nothing when *change* raises. Returns what it was and what it is.

    A card with a record that cannot be its own is not changed, unless *healing*: then it must be in order afterwards.
    Raises CardFull for what its memory does not hold.
    """
    from bifente.applets.kernel.records import all_records, check_records
    from bifente.applets.perso.cardrecords import layout_of
    from bifente.applets.perso.memory import check_memory
    from bifente.applets.store.stores import SqliteStore

    with SqliteStore(path) as store:
        records = all_records(store)
        if not healing:
            check_records(records, layout_of(records))
        changes = change(records)
        changed = {name: value for name, value in {**records, **changes}.items() if value is not None}
        if healing:
            check_records(changed, layout_of(changed))
        check_memory(changed)
        store.commit(changes)
    return CardNews(records, changed)


def replace_card_file(path: Path, records: "Records") -> None:
    """Put a card file in the place of a damaged one that nobody has; it is whole there, or the damaged one still is."""
    from bifente.applets.store.lock import CardLock
    from bifente.applets.store.stores import create_card_file

    real = path.resolve()
    lock = CardLock(real)
    lock.acquire()
    draft = real.with_name(f".bifente-{secrets.token_hex(8)}.tmp")
    try:
        create_card_file(draft, records)
        # SQLite would roll the journal of the damaged file back into the new one.
        real.with_name(f"{real.name}-journal").unlink(missing_ok=True)
        draft.replace(real)
    finally:
        with suppress(OSError):
            draft.unlink()
        lock.release()


@contextmanager
def failing_as_files(*cards: "SmartCard") -> Iterator[None]:
    """When the file of one of *cards* refused something, say that, and not the 6581 that the terminal saw of it."""
    log = logging.getLogger("bifente.applets")
    log.addFilter(_not_a_warning)
    try:
        yield
    except Exception as error:
        for card in cards:
            if card.failure is not None:
                raise card.failure from error
        raise
    finally:
        log.removeFilter(_not_a_warning)


def _not_a_warning(record: logging.LogRecord) -> bool:
    return record.levelno != logging.WARNING


def check_card_place(path: Path, *, force: bool = False) -> None:
    """Refuse early what :func:`place_card` would refuse after the work. Raises WorkbenchError."""
    try:
        check_place(path, replace=force)
    except (FileExistsError, IsADirectoryError) as error:
        if not force and path.is_file():
            raise WorkbenchError(f"{path}: {error.strerror}", "card-file.exists") from None
        raise WorkbenchError(f"{path}: {error.strerror}", "card-file", hint="choose another name") from None
    except FileNotFoundError:
        raise WorkbenchError(
            f"{path}: its folder does not exist", "card-file", hint="make the folder first"
        ) from None


def place_card(path: Path, records: "Records", *, force: bool = False) -> None:
    """Make the card file *path*; with *force* in the place of a file that is there and that nobody has in use."""
    from bifente.applets.store.stores import create_card_file

    if force and path.exists():
        replace_card_file(path, records)
    else:
        create_card_file(path, records)
