"""``bifente fse caisse``: an insurer's centre of one's own, which judges what a surgery sends."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.options import JSON, PATH, igc_option
from bifente.cli.visible import say, say_json

if TYPE_CHECKING:
    from bifente.fse.caisse.store.records import JournalEntry
    from bifente.fse.caisse.store.statistics import CaisseStatus

_FOLDER = click.argument("folder", metavar="DIR", type=PATH)


@click.group(short_help="Judge, acknowledge and pay lots as an insurer's centre.")
def caisse() -> None:
    """An insurer's centre of your own (synthetic): it receives lots by mail, judges and acknowledges them, and pays."""


@caisse.command("init", short_help="Make a caisse in a folder.")
@_FOLDER
@click.option(
    "--organisme",
    "organismes",
    metavar="RRCCC",
    multiple=True,
    default=("01349",),
    show_default=True,
    help="Régime and caisse that it serves, five digits; may be given several times.",
)
@click.option(
    "--name", metavar="NAME", default="Caisse d'essai", show_default=True, help="What it is called."
)
@click.option(
    "--address", metavar="MAIL", help="Its mail address.  [default: 01349@349.01.rss.fr and the like]"
)
@click.option(
    "--store",
    metavar="PATH|URL",
    default="caisse.db",
    show_default=True,
    help="Where it keeps what it received: a SQLite file in DIR, or postgresql://user@host/name.",
)
@igc_option
@JSON
def init(
    folder: Path,
    organismes: tuple[str, ...],
    name: str,
    address: str | None,
    store: str,
    igc: Path | None,
    as_json: bool,
) -> None:
    """Make a caisse in DIR: its settings (caisse.yaml) and an empty store.

    \b
    bifente fse caisse init caisse
    bifente fse caisse status caisse
    bifente fse caisse journal caisse --last 5
    """
    from bifente.workbench.caisse import make_caisse

    settings = make_caisse(folder, organismes, name=name, address=address, store=store, authority=igc)
    if as_json:
        say_json({"folder": str(folder), **settings.model_dump(mode="json"), "provenance": "synthetic"})
        return
    say(f"{settings.name} (synthetic) in {folder}")
    say(f"  serves {', '.join(settings.organismes)}; mail to {settings.address}")


@caisse.command("status", short_help="Show how a caisse stands.")
@_FOLDER
@JSON
def status(folder: Path, as_json: bool) -> None:
    """Show what the caisse in DIR received, and what became of it."""
    from bifente.workbench.caisse import caisse_status

    found = caisse_status(folder)
    if as_json:
        say_json(_status_facts(found))
        return
    days = f", {found.first} to {found.last}" if found.first else ""
    say(
        f"lots: {found.lots_accepted} accepted, {found.lots_refused} refused, {found.repeats} came again{days}"
    )
    for one in found.invoices:
        say(f"  invoices {one.state}: {one.invoices}, AMO {euros(one.amo)}, AMC {euros(one.amc)}")
    for code, count in sorted(found.codes.items()):
        say(f"  code {code}: {count}")
    say(f"mails waiting to be sent: {found.waiting_mails}")


@caisse.command("journal", short_help="Show the journal of a caisse.")
@_FOLDER
@click.option("--last", metavar="N", type=click.IntRange(1), help="Only the last N lines.")
@click.option(
    "--lot",
    metavar="N",
    type=click.IntRange(1),
    help="Only what is about the lot with this number of the store.",
)
@JSON
def journal(folder: Path, last: int | None, lot: int | None, as_json: bool) -> None:
    """Show the journal of the caisse in DIR: what happened, in order. Nothing in it is ever changed."""
    from bifente.workbench.caisse import caisse_journal

    entries = caisse_journal(folder, last=last, lot=lot)
    if as_json:
        say_json([_entry_facts(one) for one in entries])
        return
    for one in entries:
        about = f" lot {one.lot}" if one.lot is not None else ""
        about += f" invoice {one.number}" if one.number is not None else ""
        say(f"{one.at:%Y-%m-%d %H:%M:%S}  {one.event}{about}{': ' if one.detail else ''}{one.detail}")


def euros(amount: int) -> str:
    """An amount of cents in words."""
    return f"{amount // 100}.{amount % 100:02} €"


def _status_facts(found: "CaisseStatus") -> dict[str, object]:
    return {
        "provenance": "synthetic",
        "lots": {
            "accepted": found.lots_accepted,
            "refused": found.lots_refused,
            "repeats": found.repeats,
            "first": found.first.isoformat() if found.first else None,
            "last": found.last.isoformat() if found.last else None,
        },
        "invoices": [
            {
                "state": one.state,
                "invoices": one.invoices,
                "amo": one.amo,
                "amc": one.amc,
                "withheld": one.withheld,
            }
            for one in found.invoices
        ],
        "codes": dict(sorted(found.codes.items())),
        "waiting_mails": found.waiting_mails,
    }


def _entry_facts(one: "JournalEntry") -> dict[str, object]:
    return {
        "id": one.id,
        "at": one.at.isoformat(),
        "event": one.event,
        "lot": one.lot,
        "number": one.number,
        "detail": one.detail,
    }
