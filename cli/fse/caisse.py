"""``bifente fse caisse``: an insurer's centre of one's own, which judges what a surgery sends."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.options import JSON, PATH, as_date, date_option, igc_option
from bifente.cli.progress import progress
from bifente.cli.visible import say, say_json

if TYPE_CHECKING:
    from bifente.fse.caisse.centre import Intake
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
    "--insurer",
    "insurers",
    metavar="NUMBER",
    multiple=True,
    help="A complementary insurer whose DRE it takes: ten digits. Repeatable.",
)
@click.option(
    "--name", metavar="NAME", default="Caisse d'essai", show_default=True, help="What it is called."
)
@click.option(
    "--store",
    metavar="PATH|URL",
    default="caisse.db",
    show_default=True,
    help="Where it keeps what it received: a SQLite file in DIR, or postgresql://user@host/name.",
)
@click.option(
    "--maildir",
    metavar="FOLDER",
    type=PATH,
    help="The folder of boxes that it shares with surgeries.  [default: mail in DIR]",
)
@igc_option
@JSON
def init(
    folder: Path,
    organismes: tuple[str, ...],
    insurers: tuple[str, ...],
    name: str,
    store: str,
    maildir: Path | None,
    igc: Path | None,
    as_json: bool,
) -> None:
    """Make a caisse in DIR: settings (caisse.yaml), post (post.yaml), key, certificate and an empty store.

    \b
    bifente fse caisse init cpam
    bifente fse caisse serve cpam --once
    bifente fse caisse status cpam
    bifente fse caisse journal cpam --last 5
    """
    from bifente.workbench.caisse import make_caisse

    with progress("RSA keys") as told:
        settings, address = make_caisse(
            folder,
            organismes,
            insurers=insurers,
            name=name,
            store=store,
            maildir=maildir,
            authority=igc,
            progress=told,
        )
    if as_json:
        facts = settings.model_dump(
            mode="json", include={"name", "organismes", "complementaries", "settle_after"}
        )
        say_json({"folder": str(folder), "address": address, **facts, "provenance": "synthetic"})
        return
    say(f"{settings.name} (synthetic) in {folder}")
    served = ", ".join((*settings.organismes, *(f"DRE for {one}" for one in settings.complementaries)))
    say(f"  serves {served}; mail to {address}")


@caisse.command("serve", short_help="Receive, judge, answer and pay until Ctrl-C.")
@_FOLDER
@click.option("--once", is_flag=True, help="One round through the mailbox, then end.")
@click.option(
    "--every",
    metavar="SECONDS",
    type=click.FloatRange(0.1, 3600),
    default=5.0,
    show_default=True,
    help="How long to wait between two rounds.",
)
@click.option(
    "--rules",
    metavar="FILE",
    type=PATH,
    help="Misbehave by these rules, in the place of those of caisse.yaml.",
)
@click.option(
    "--workers",
    metavar="N|dask[:N]|dask:tcp://HOST:PORT",
    default="",
    help="Examine lots in N processes beside this one, on N workers of a Dask cluster of this machine, or on the workers of a "
    "scheduler elsewhere.",
)
@click.option("--no-settle", is_flag=True, help="Leave settlements to bifente fse caisse settle.")
@JSON
def serve(
    folder: Path,
    once: bool,
    every: float,
    rules: Path | None,
    workers: str,
    no_settle: bool,
    as_json: bool,
) -> None:
    """Look into the mailbox of the caisse in DIR, judge what came, answer, and pay what is due: until Ctrl-C, or --once.

    \b
    bifente fse caisse init cpam2
    bifente fse caisse serve cpam2 --once --json
    """
    from bifente.workbench.caisse import serve_caisse
    from bifente.workbench.served.serving import Stop, until_signal

    def told(found: "Intake") -> None:
        if as_json:
            say_json(_intake_facts(found), indent=2 if once else None)
        elif found.closed:
            say("the mailbox is closed, by a rule")
        elif found.mails or found.sent or once:
            say(
                f"{found.mails} mails: {found.accepted} lots accepted, {found.refused} refused, "
                f"{found.repeated} came again, {found.unreadable} unreadable; {found.sent} mails sent"
            )

    stop = Stop()
    with until_signal(stop):
        serve_caisse(
            folder,
            stop,
            every=every,
            once=once,
            settle=not no_settle,
            rules=rules,
            workers=workers,
            tell=told,
        )


@caisse.command("settle", short_help="Pay what is due, and send the returns.")
@_FOLDER
@date_option("The day of the settlement.")
@JSON
def settle(folder: Path, day: datetime | None, as_json: bool) -> None:
    """Settle what is due at the caisse in DIR on a day: one RSP (NOEMIE) for each professional.

    \b
    bifente fse caisse init cpam3
    bifente fse caisse settle cpam3 --date 2026-12-01
    """
    from bifente.workbench.caisse import settle_caisse

    found = settle_caisse(folder, as_date(day))
    if as_json:
        say_json(
            {
                "provenance": "synthetic",
                "day": as_date(day).isoformat(),
                "returns": found.returns,
                "paid": found.paid,
                "rejected": found.rejected,
                "reimbursed": found.reimbursed,
                "cents": found.cents,
            }
        )
        return
    say(
        f"{found.returns} returns: {found.paid} invoices paid ({euros(found.cents)}), {found.rejected} rejected; "
        f"{found.reimbursed} reimbursed to the insured"
    )


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


def _intake_facts(found: "Intake") -> dict[str, object]:
    return {
        "closed": found.closed,
        "mails": found.mails,
        "seen": found.seen,
        "unreadable": found.unreadable,
        "accepted": found.accepted,
        "refused": found.refused,
        "repeated": found.repeated,
        "sent": found.sent,
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
