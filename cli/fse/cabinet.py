"""``bifente fse cabinet``: a surgery, its sheets and lots, and what has happened to them."""

from pathlib import Path

import click

from bifente.cli.fse import cabinetpost
from bifente.cli.fse.cabinetwords import (
    AFTER,
    CABINET,
    LIMIT,
    NUMBER,
    PROFESSIONAL,
    demand_facts,
    demand_line,
    event_facts,
    event_line,
    lot_facts,
    lot_line,
    sheet_facts,
    sheet_line,
    when,
)
from bifente.cli.options import FORCE, JSON, PATH, igc_option
from bifente.cli.visible import say, say_json


@click.group(short_help="A surgery: keep, send, follow and archive sheets.")
def cabinet() -> None:
    """A surgery with its store: sheets are kept, go in lots to the caisses, and are followed until they are paid."""


@cabinet.command("init", short_help="Make a surgery in a folder.")
@click.argument("folder", metavar="[DIR]", type=PATH, required=False)
@click.option(
    "--department", metavar="NN", default="75", show_default=True, help="Its département, for the holidays."
)
@click.option(
    "--caisse",
    "caisses",
    metavar="DIR",
    type=PATH,
    multiple=True,
    help="Where the certificate of a caisse is: its folder, or the file. Repeatable.",
)
@click.option(
    "--maildir", metavar="DIR", type=PATH, help="The folder of boxes that it shares with the caisses."
)
@click.option(
    "--insurer",
    "insurers",
    metavar="NUMBER=RRCCC",
    multiple=True,
    help="Who takes the DRE of a complementary insurer (10 digits): régime and caisse of his certificate. Repeatable.",
)
@click.option("--address", metavar="MAIL", help="Its mail address.  [default: cabinet@ps.rss.test]")
@JSON
def init(
    folder: Path | None,
    department: str,
    caisses: tuple[Path, ...],
    maildir: Path | None,
    insurers: tuple[str, ...],
    address: str | None,
    as_json: bool,
) -> None:
    """Make a surgery in DIR, by default one in your data folder: cabinet.yaml and post.yaml with its settings, and its store.

    Settings that are there already are kept: write them first to have the store elsewhere.

    \b
    bifente fse cabinet init surgery
    bifente fse cabinet init strasbourg --department 67
    bifente fse cabinet init … --caisse caisse --maildir caisse/mail
    """
    from bifente.workbench.cabinet import default_cabinet, make_cabinet

    chosen = default_cabinet() if folder is None else folder
    settings = make_cabinet(
        chosen, department=department, caisses=caisses, maildir=maildir, address=address, insurers=insurers
    )
    if as_json:
        say_json({"cabinet": str(chosen), "store": settings.store})
        return
    say(f"surgery in {chosen}, its store: {settings.store}")


@cabinet.command("add", short_help="Keep care sheets.")
@click.argument("files", metavar="SHEET…", type=PATH, nargs=-1, required=True)
@CABINET
@igc_option
@JSON
def add(
    files: tuple[Path, ...],
    folder: Path | None,
    igc: Path | None,
    as_json: bool,
) -> None:
    """Keep care sheets in the store: signed ones are verified, one that is there already is left as it is.

    A sheet says its mode. Of a degraded one the canonical bytes are kept; other bytes that no CPS has signed are kept as
    prepared, until the signed sheet of the same number comes.

    \b
    bifente fse cabinet init surgery
    bifente demo -o day1
    bifente fse cabinet add day1/sheet.p7m --cabinet surgery
    """
    from bifente.workbench.cabinet import add_sheet, opened

    facts = []
    with opened(folder) as surgery:
        for file in files:
            kept = add_sheet(surgery, file, igc=igc)
            if as_json:
                facts.append({"file": str(file), "again": kept.again, **sheet_facts(kept.record)})
            else:
                note = " (was there already)" if kept.again else ""
                say(f"{file}: {sheet_line(kept.record)}{note}")
    if as_json:
        say_json(facts)


@cabinet.command("list", short_help="List sheets, or lots.")
@click.option("--lots", "of_lots", is_flag=True, help="Lots instead of sheets.")
@click.option("--state", metavar="STATE", help="Only those in this state, e.g. 'signed' or 'ARL-'.")
@AFTER
@LIMIT
@CABINET
@JSON
def list_(
    of_lots: bool, state: str | None, after: int, limit: int, folder: Path | None, as_json: bool
) -> None:
    """List the sheets of a surgery, or its lots, in the order in which they came.

    \b
    bifente fse cabinet init surgery
    bifente fse cabinet list --cabinet surgery --state signed
    bifente fse cabinet list --cabinet surgery --lots --json
    """
    from bifente.workbench.cabinet import lot_state, opened, sheet_state

    with opened(folder) as surgery:
        if of_lots:
            lots = surgery.lots(state=None if state is None else lot_state(state), after=after, limit=limit)
            facts = [lot_facts(one) for one in lots]
            lines = [lot_line(one) for one in lots]
        else:
            sheets = surgery.sheets(
                state=None if state is None else sheet_state(state), after=after, limit=limit
            )
            facts = [sheet_facts(one) for one in sheets]
            lines = [sheet_line(one) for one in sheets]
    if as_json:
        say_json(facts)
        return
    for line in lines:
        say(line)
    if len(lines) == limit:
        say(f"perhaps there are more: --after {facts[-1]['id']}")
    if not lines:
        say("none")


@cabinet.command("show", short_help="Show a sheet and what has happened to it.")
@NUMBER
@PROFESSIONAL
@CABINET
@JSON
def show(number: int, professional: str | None, folder: Path | None, as_json: bool) -> None:
    """Show the sheet with this invoice NUMBER, and its log.

    \b
    bifente fse cabinet init surgery
    bifente demo -o day1
    bifente fse cabinet add day1/sheet.p7m --cabinet surgery
    bifente fse cabinet show 1 --cabinet surgery
    """
    from bifente.workbench.cabinet import opened, sheet_by_number

    with opened(folder) as surgery:
        sheet = sheet_by_number(surgery, number, professional)
        events = surgery.events("sheet", sheet.id, limit=10_000)
        demand = surgery.demand(sheet.id)
        asked = [] if demand is None else surgery.events("demand", demand.id, limit=10_000)
    if as_json:
        facts = {**sheet_facts(sheet), "events": [event_facts(one) for one in events], "dre": None}
        if demand is not None:
            facts["dre"] = {**demand_facts(demand), "events": [event_facts(one) for one in asked]}
        say_json(facts)
        return
    say(sheet_line(sheet))
    say(f"  kept {when(sheet.kept)}, SHA-256 {sheet.digest}")
    for event in events:
        say(f"  {event_line(event)}")
    if demand is not None:
        say(demand_line(demand))
    for event in asked:
        say(f"  {event_line(event)}")


@cabinet.command("status", short_help="How many sheets and lots are in which state.")
@CABINET
@JSON
def status(folder: Path | None, as_json: bool) -> None:
    """How many sheets and lots are in which state, and what waits to be sent.

    \b
    bifente fse cabinet init surgery
    bifente fse cabinet status --cabinet surgery
    """
    from bifente.workbench.cabinet import opened

    with opened(folder) as surgery:
        found, head = surgery.status(), surgery.head()
    if as_json:
        say_json(
            {
                "sheets": dict(found.sheets),
                "lots": dict(found.lots),
                "dre": dict(found.demands),
                "messages_waiting": found.waiting,
                "received": dict(found.received),
                "log": f"{head.seq}:{head.digest}",
            }
        )
        return
    counts = [("sheets", found.sheets), ("lots", found.lots), ("received", found.received)]
    if found.demands:
        counts.insert(2, ("DRE", found.demands))
    for name, counted in counts:
        states = ", ".join(f"{count} {state}" for state, count in counted.items())
        say(f"{name}: {states or 'none'}")
    say(f"messages to hand over: {found.waiting}")
    say(f"log: {head.seq} lines; for a note elsewhere: {head.seq}:{head.digest}")


@cabinet.command("events", short_help="The log: of one sheet or lot, or all of it.")
@click.argument("number", metavar="[NUMBER]", type=click.IntRange(1, 999_999_999), required=False)
@click.option("--lot", metavar="ID", type=click.IntRange(1), help="Of the lot with this id.")
@PROFESSIONAL
@AFTER
@LIMIT
@CABINET
@JSON
def events(
    number: int | None,
    lot: int | None,
    professional: str | None,
    after: int,
    limit: int,
    folder: Path | None,
    as_json: bool,
) -> None:
    """The log of a surgery, which only grows: of the sheet with this invoice NUMBER, of a lot, or all of it.

    \b
    bifente fse cabinet init surgery
    bifente fse cabinet events --cabinet surgery --limit 20
    """
    from bifente.workbench.cabinet import opened, sheet_by_number

    if number is not None and lot is not None:
        raise click.UsageError("either a NUMBER or --lot")
    with opened(folder) as surgery:
        subject = None if number is None and lot is None else "lot" if number is None else "sheet"
        identity = surgery.lot(lot).id if lot is not None else None
        if number is not None:
            identity = sheet_by_number(surgery, number, professional).id
        found = surgery.events(subject, identity, after=after, limit=limit)
    if as_json:
        say_json([event_facts(one) for one in found])
        return
    for event in found:
        of = "" if subject else f"{event.subject} {event.subject_id}  "
        say(f"{event.seq:>6}  {of}{event_line(event)}")
    if not found:
        say("none")


@cabinet.command("aside", short_help="Mails that were set aside, and why.")
@click.argument("digest", metavar="[DIGEST]", required=False)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=PATH,
    help="Write the mail whose SHA-256 begins with DIGEST to FILE.",
)
@FORCE
@LIMIT
@CABINET
@JSON
def aside(
    digest: str | None, output: Path | None, force: bool, limit: int, folder: Path | None, as_json: bool
) -> None:
    """List the mails that were set aside: unreadable, not trusted, or about something that this surgery never sent.

    Nothing of them was lost. With DIGEST, the beginning of one's SHA-256, and -o the mail itself is written to a file.

    \b
    bifente fse cabinet init surgery
    bifente fse cabinet aside --cabinet surgery
    bifente fse cabinet aside … 3fa1 -o strange.eml
    """
    from bifente.workbench.cabinet import opened, save_mail

    if (digest is None) != (output is None):
        raise click.UsageError("DIGEST and -o go together: which mail, and where to")
    with opened(folder) as surgery:
        if digest is not None and output is not None:
            found = [save_mail(surgery, digest, output, replace=force)]
        else:
            found = [*surgery.received("aside", limit=limit)]
    if as_json:
        say_json([{name: getattr(one, name) for name in one.__dataclass_fields__} for one in found])
        return
    for one in found:
        again = f", came {one.times} times" if one.times > 1 else ""
        say(f"{one.digest[:12]}  {when(one.taken)}  {one.message_id}{again}")
        say(f"  {one.note}")
    if not found:
        say("none")


for command in cabinetpost.COMMANDS:
    cabinet.add_command(command)
