"""``bifente fse cabinet``: lots, sending, answers, deadlines, the archive."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.errors import CliError, ExitCode, classify
from bifente.cli.fse.cabinetwords import (
    CABINET,
    LIMIT,
    NUMBER,
    PROFESSIONAL,
    lot_facts,
    lot_line,
    sheet_facts,
    sheet_line,
)
from bifente.cli.options import JSON, PATH, igc_option
from bifente.cli.progress import progress
from bifente.cli.secretinput import SecretSource, pin_options
from bifente.cli.visible import say, say_json

if TYPE_CHECKING:
    from bifente.fse.cabinet.outbox import SentReport

WHY = click.option("--why", metavar="TEXT", required=True, help="The reason, for the log.")
LOT = click.argument("lot", metavar="LOT", type=click.IntRange(1))


@click.command("lots", short_help="Put sheets in lots, signed by the CPS.")
@click.option("--cps", metavar="X.card", type=PATH, help="The card of the professional who signs the lots.")
@click.option(
    "--reader",
    "readers",
    multiple=True,
    metavar="NAME",
    help="A PC/SC reader that holds the card: its name, a part of it, or its number.",
)
@pin_options()
@click.option(
    "--situation",
    metavar="N",
    type=click.IntRange(0, 255),
    help="The situation de facturation in which he signs.  [default: the first of the card]",
)
@CABINET
@igc_option
@JSON
def lots(
    cps: Path | None,
    readers: tuple[str, ...],
    pin: SecretSource,
    situation: int | None,
    folder: Path | None,
    igc: Path | None,
    as_json: bool,
) -> None:
    """Put all sheets that are ready in lots, one file for each caisse, signed by the CPS.

    What a sheet asks of a complementary insurer by a DRE goes in lots and files of its own, to whoever the surgery's settings
    name for that insurer.

    What the holder may not sign, and what fits into no file, stays where it is, with the reason.

    \b
    bifente fse cabinet init surgery
    bifente sheet make --cps doctor.card --vitale patient.card --act G --pin 1234 -o sheet.p7m
    bifente fse cabinet add sheet.p7m --cabinet surgery
    bifente fse cabinet lots --cps doctor.card --pin 1234 --cabinet surgery
    """
    from bifente.workbench.cabinet import opened, settings_of
    from bifente.workbench.fse.cabinetpost import make_lots

    settings = settings_of(folder)
    with opened(folder) as surgery:
        made = make_lots(
            surgery,
            cps=cps,
            readers=readers,
            pin=pin.read,
            igc=igc,
            situation=situation,
            trial=settings.trial,
            insurers=settings.insurers,
        )
        found = [surgery.lot(one) for one in made.lots]
    if as_json:
        left = [
            {"number": sheet.number, "professional": sheet.professional, "why": why}
            for sheet, why in made.left
        ]
        say_json({"lots": [lot_facts(one) for one in found], "files": made.files, "left": left})
        return
    for one in found:
        say(lot_line(one))
    for sheet, why in made.left:
        say(f"left: n° {sheet.number:09} of {sheet.professional}: {why}")
    say(f"{len(found)} lots in {made.files} files")


@click.command("send", short_help="Send the files that were made.")
@CABINET
@JSON
def send(folder: Path | None, as_json: bool) -> None:
    """Send every file that was made and is not on its way, enciphered for its caisse.

    A mail stands in the store before the server sees it. Whatever stops the command, give it again: a mail that may have gone
    is sent once more with the same Message-ID, by which the caisse knows it.

    \b
    bifente fse cabinet init surgery
    bifente fse cabinet send --cabinet surgery
    """
    from bifente.workbench.fse.cabinetpost import send as send_files

    _say_sent(send_files(folder), as_json=as_json)


@click.command("resend", short_help="Send again what was refused or not answered.")
@CABINET
@JSON
def resend(folder: Path | None, as_json: bool) -> None:
    """Send again the lots with an ARL−, an ANR, or no return in time. The file goes as it was, in a mail of its own.

    \b
    bifente fse cabinet init surgery
    bifente fse cabinet resend --cabinet surgery
    """
    from bifente.workbench.fse.cabinetpost import send as send_files

    _say_sent(send_files(folder, again=True), as_json=as_json)


def _say_sent(report: "SentReport", *, as_json: bool) -> None:
    """What was sent; an error of the first kind that stood in the way, when something did."""
    failed = [(what, classify(error)) for what, error in report.failed]
    if as_json:
        say_json(
            {
                "lots": [{"id": lot, "message": message} for lot, message in report.handed],
                "handed_over_again": list(report.again),
                "failed": [{"what": what, "why": one.what, "hint": one.hint} for what, one in failed],
            }
        )
    else:
        for lot, message in report.handed:
            say(f"lot {lot} is on its way in {message}")
        for message in report.again:
            say(f"handed over once more, as it may not have gone before: {message}")
        if not report.handed and not failed:
            say("nothing to send")
    if failed:
        what, first = failed[0]
        more = f" ({len(failed) - 1} more)" if len(failed) > 1 else ""
        raise CliError(f"{what}: {first.what}{more}", ExitCode(first.code), hint=first.hint)


@click.command("collect", short_help="Take the answers of the caisses.")
@CABINET
@JSON
def collect(folder: Path | None, as_json: bool) -> None:
    """Take what has come: ARLs, RSPs, and notices of mails that were not delivered. Each counts once.

    What cannot be read, is not trusted or does not fit is set aside, with the reason, and changes nothing.

    \b
    bifente fse cabinet init surgery
    bifente fse cabinet collect --cabinet surgery
    """
    from bifente.workbench.fse.cabinetpost import collect as collect_mails

    found = []
    for mail in collect_mails(folder):
        if as_json:
            found.append(
                {
                    "kind": mail.kind,
                    "message": mail.message_id,
                    "again": mail.again,
                    "words": list(mail.words),
                }
            )
            continue
        known = " (the same mail came before)" if mail.again else ""
        say(f"{mail.kind} {mail.message_id}{known}")
        for words in mail.words:
            say(f"  {words}")
        found.append({})
    if as_json:
        say_json(found)
    elif not found:
        say("nothing has come")


@click.command("due", short_help="What must be done by when.")
@LIMIT
@CABINET
@JSON
def due(limit: int, folder: Path | None, as_json: bool) -> None:
    """The lots that wait for a return, or that must be sent again within two working days. Silence that is too long is noted.

    \b
    bifente fse cabinet init surgery
    bifente fse cabinet due --cabinet surgery
    """
    from bifente.workbench.cabinet import opened

    with opened(folder) as surgery:
        surgery.watch()
        found = surgery.due(limit=limit)
    if as_json:
        say_json([{**lot_facts(one.lot), "retransmit": one.retransmit, "days": one.days} for one in found])
        return
    for one in found:
        what = "to be sent again" if one.retransmit else "a return is awaited"
        say(f"{one.lot.due} ({one.days:+} days): {what}: {lot_line(one.lot)}")
    if not found:
        say("nothing is due")


@click.command("replace", short_help="Send a rejected invoice again under a new number.")
@NUMBER
@click.argument("file", metavar="[SHEET]", type=PATH, required=False)
@PROFESSIONAL
@CABINET
@igc_option
@JSON
def replace(
    number: int,
    file: Path | None,
    professional: str | None,
    folder: Path | None,
    igc: Path | None,
    as_json: bool,
) -> None:
    """Put a new invoice in the place of the rejected one of this NUMBER, which it names.

    SHEET is the corrected sheet, signed anew under a number of its own; without it the same sheet goes again.

    \b
    bifente fse cabinet replace 12 …
    bifente fse cabinet replace 12 corrected.p7m …
    """
    from bifente.workbench.cabinet import opened, sheet_by_number
    from bifente.workbench.fse.cabinetpost import replace_rejected

    with opened(folder) as surgery:
        old = sheet_by_number(surgery, number, professional)
        made = replace_rejected(surgery, old, file, igc=igc)
    if as_json:
        say_json({**sheet_facts(made), "replaced_number": old.number})
        return
    say(f"in the place of n° {old.number:09}: {sheet_line(made)}")


@click.command("withdraw", short_help="Take back a sheet that is in no lot.")
@NUMBER
@WHY
@PROFESSIONAL
@CABINET
@JSON
def withdraw(number: int, why: str, professional: str | None, folder: Path | None, as_json: bool) -> None:
    """Take back the sheet with this invoice NUMBER, before it is in a lot. Its number stays used.

    \b
    bifente fse cabinet init surgery
    bifente demo -o day1
    bifente fse cabinet add day1/sheet.p7m --cabinet surgery
    bifente fse cabinet withdraw 1 --why 'typed twice' --cabinet surgery
    """
    from bifente.workbench.cabinet import opened, sheet_by_number

    with opened(folder) as surgery:
        gone = surgery.withdraw(sheet_by_number(surgery, number, professional).id, why)
    if as_json:
        say_json(sheet_facts(gone))
        return
    say(sheet_line(gone))


@click.command("release", short_help="Give up a refused lot; its sheets go in new ones.")
@LOT
@WHY
@CABINET
@JSON
def release(lot: int, why: str, folder: Path | None, as_json: bool) -> None:
    """Give up the LOT (its id) that was refused or not delivered: its sheets go in new lots, signed anew.

    \b
    bifente fse cabinet release 3 --why 'signed by the wrong card' …
    """
    from bifente.workbench.cabinet import opened

    with opened(folder) as surgery:
        given_up = surgery.release(lot, why)
    if as_json:
        say_json(lot_facts(given_up))
        return
    say(lot_line(given_up))


@click.command("wait", short_help="Note that the caisse works on a lot.")
@LOT
@WHY
@CABINET
@JSON
def wait(lot: int, why: str, folder: Path | None, as_json: bool) -> None:
    """Note that the caisse works on the LOT (its id), as it told by telephone or on its site: nothing is sent again.

    \b
    bifente fse cabinet wait 3 --why 'retarification, says the caisse' …
    """
    from bifente.workbench.cabinet import opened

    with opened(folder) as surgery:
        waiting = surgery.process(lot, why)
    if as_json:
        say_json(lot_facts(waiting))
        return
    say(lot_line(waiting))


@click.group("archive", short_help="Check and purge the copies of three months.")
def archive() -> None:
    """The copies of sheets, lots, files and returns, and the log."""


@archive.command("check", short_help="Look whether anything was changed.")
@click.option(
    "--noted", metavar="LINE:DIGEST", help="A line of the log that was noted elsewhere, as status prints it."
)
@CABINET
@JSON
def check(noted: str | None, folder: Path | None, as_json: bool) -> None:
    """Compare each copy with its digest, each line of the log with the one before, each state with its last line.

    \b
    bifente fse cabinet init surgery
    bifente fse cabinet archive check --cabinet surgery
    """
    from bifente.workbench.cabinet import opened
    from bifente.workbench.fse.cabinetpost import noted_head

    head = noted_head(noted)
    with opened(folder) as surgery, progress("copies") as told:
        report = surgery.check_archive(noted=head, progress=told)
    if as_json:
        say_json(
            {
                "documents": report.documents,
                "purged": report.purged,
                "lines": report.lines,
                "head": f"{report.head.seq}:{report.head.digest}",
                "findings": list(report.findings),
            }
        )
    else:
        say(f"{report.documents} documents, {report.purged} of them purged; {report.lines} lines in the log")
        for finding in report.findings:
            say(finding)
        say(f"for a note elsewhere: {report.head.seq}:{report.head.digest}")
    if report.findings:
        many = len(report.findings)
        raise CliError(
            f"{many} thing{'s' if many > 1 else ''} changed behind the surgery's back",
            ExitCode.SIGNATURE_INVALID,
            hint="compare with the last back-up",
        )


@archive.command("purge", short_help="Take away the copies whose time is over.")
@click.option("--dry-run", "dry", is_flag=True, help="Only say what would go.")
@CABINET
@JSON
def purge(dry: bool, folder: Path | None, as_json: bool) -> None:
    """Take away copies older than three months of sheets that wait for nothing; the others stay, and it is said why.

    \b
    bifente fse cabinet init surgery
    bifente fse cabinet archive purge --dry-run --cabinet surgery
    """
    from bifente.workbench.cabinet import opened

    with opened(folder) as surgery:
        report = surgery.purge(dry=dry)
    if as_json:
        say_json(
            {
                "before": report.until,
                "dry_run": dry,
                "sheets": report.sheets,
                "documents": report.documents,
                "bytes": report.octets,
                "kept": dict(report.kept),
                "examples": [{"number": number, "why": why} for number, why in report.examples],
            }
        )
        return
    done = "would go" if dry else "are gone"
    say(
        f"kept before {report.until}: {report.sheets} sheets, {report.documents} documents, {report.octets} bytes {done}"
    )
    for why, count in report.kept.items():
        say(f"{count} older sheet{'s' if count > 1 else ''} kept: {why}")


COMMANDS = (lots, send, resend, collect, due, replace, withdraw, release, wait, archive)
"""In the group of ``bifente fse cabinet``."""
