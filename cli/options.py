"""What the commands on card files have in common: options, the one way to change a card, files that appear whole."""

import logging
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from click.shell_completion import CompletionItem

from bifente.cli.errors import CliError, ExitCode
from bifente.documents.writing import check_place

if TYPE_CHECKING:
    from bifente.applets import SmartCard
    from bifente.applets.perso.cardrecords import Records
    from bifente.applets.perso.edit.change import Changes
    from bifente.cli.card.news import CardNews

_Command = TypeVar("_Command", bound=Callable[..., object])

PATH = click.Path(path_type=Path, readable=False)
"""A path on the command line. Whether it may be read shows when it is read: click would make a wrong argument of it."""

CARD = click.argument("card", metavar="X.card", type=PATH)
OUTPUT = click.option(
    "-o",
    "--out",
    "output",
    required=True,
    metavar="X.card",
    type=PATH,
    help="The card file to make; without --force it must not be there yet.",
)
FORCE = click.option("-f", "--force", is_flag=True, help="Replace what is there.")
"""For commands that write files: without it they refuse to."""

READER = "The PC/SC reader that holds the card: its name, a part of it, or its number."
"""The help of an option that names one."""

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

igc_option = click.option(
    "--igc",
    "igc",
    metavar="DIR",
    type=PATH,
    help="The authority (bifente igc init).  [default: a TEST authority in your data folder]",
)


def complete_profile(
    _ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The shipped profiles."""
    from bifente.applets.perso.profile.shipped import shipped_profiles

    return [
        CompletionItem(name, help=text)
        for name, text in shipped_profiles().items()
        if name.startswith(incomplete)
    ]


def complete_place(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The places of the fields of the card that stands before on the line, as far as what is typed leads to."""
    from bifente.applets.perso.edit.cardpath import places
    from bifente.applets.store.stores import read_snapshot

    path = ctx.params.get("card")
    if path is None:
        return []
    try:
        found = places(read_snapshot(Path(path)))
    except Exception:  # noqa: BLE001 - a shell that completes has no place for an error
        return []
    return [CompletionItem(place) for place in found if place.casefold().startswith(incomplete.casefold())]


def complete_slot(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The slots of the two-slot reader."""
    from bifente.reader import CPS_SLOT, VITALE_SLOT

    wanted = incomplete.casefold()
    return [CompletionItem(slot) for slot in (CPS_SLOT, VITALE_SLOT) if slot.casefold().startswith(wanted)]


def complete_format(
    _ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The formats of traces."""
    from bifente.traces import formats

    return [CompletionItem(name) for name in formats.names() if name.startswith(incomplete)]


def typed_text(text: str) -> str:
    """A text of the command line. Where the locale is not of UTF-8, Python has hidden its bytes in surrogates."""
    try:
        return os.fsencode(text).decode("utf-8")
    except UnicodeError:
        return text


def complete_profile_or_file(
    ctx: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The shipped profiles, and the files of the folder."""
    return [*complete_profile(ctx, parameter, incomplete), CompletionItem(incomplete, type="file")]


class Day(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.3 only
    """A day, ``YYYY-MM-DD``; given to the command as a datetime. The years leave room for validities before and after."""

    name = "date"
    first, last = date(1900, 1, 1), date(9899, 12, 31)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The day that *value* says, in exactly that form."""
        if isinstance(value, datetime):
            return value
        text = str(value)
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = None
        if day is None or day.isoformat() != text:
            self.fail(f"{text!r} is not a day YYYY-MM-DD", param, ctx)
        if not self.first <= day <= self.last:
            self.fail(f"{text} is not between {self.first} and {self.last}", param, ctx)
        return datetime(day.year, day.month, day.day)


def date_option(meaning: str) -> Callable[[_Command], _Command]:
    """``--date YYYY-MM-DD``, given to the command as ``day``."""
    return click.option(
        "--date",
        "day",
        metavar="DATE",
        type=Day(),
        help=f"{meaning}  [default: today]",
    )


def as_date(day: datetime | None) -> date:
    """The day of an option, or today."""
    return day.date() if day is not None else date.today()


def edit(path: Path, change: "Callable[[Records], Changes]", *, healing: bool = False) -> "CardNews":
    """Change a card in one transaction: all of it, or nothing when *change* raises. Returns what it was and what it is.

    A card with a record that cannot be its own is not changed, unless *healing*: then it must be in order afterwards.
    """
    from bifente.applets.kernel.records import all_records, check_records
    from bifente.applets.perso.cardrecords import layout_of
    from bifente.applets.store.stores import SqliteStore
    from bifente.cli.card.news import CardNews

    with SqliteStore(path) as store:
        records = all_records(store)
        if not healing:
            check_records(records, layout_of(records))
        changes = change(records)
        changed = {name: value for name, value in {**records, **changes}.items() if value is not None}
        if healing:
            check_records(changed, layout_of(changed))
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
    """Refuse early what :func:`place_card` would refuse after the work."""
    try:
        check_place(path, replace=force)
    except (FileExistsError, IsADirectoryError) as error:
        hint = "choose another name, or replace it with --force" if not force and path.is_file() else None
        raise CliError(
            f"{path}: {error.strerror}", ExitCode.CARD_FILE, hint=hint or "choose another name"
        ) from None
    except FileNotFoundError:
        raise CliError(
            f"{path}: its folder does not exist", ExitCode.CARD_FILE, hint="make the folder first"
        ) from None


def place_card(path: Path, records: "Records", *, force: bool = False) -> None:
    """Make the card file *path*; with *force* in the place of a file that is there and that nobody has in use."""
    from bifente.applets.store.stores import create_card_file

    if force and path.exists():
        replace_card_file(path, records)
    else:
        create_card_file(path, records)
