"""What options and arguments of several commands have in common: their types, helps and completions."""

import os
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

import click
from click.shell_completion import CompletionItem

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

REASONS = (
    "unspecified",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "certificateHold",
    "privilegeWithdrawn",
)
"""Why a certificate is revoked, in the words of RFC 5280 §5.3.1."""


def one_of(values: Sequence[str]) -> str:
    """How help shows *values* of which one is to be given, as they are written: click would show them in lower case."""
    return f"[{'|'.join(values)}]"


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
    from bifente.workbench.cards.parts import field_places

    path = ctx.params.get("card")
    if path is None:
        return []
    try:
        found = field_places(Path(path))
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
