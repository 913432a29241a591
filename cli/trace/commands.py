"""``bifente trace``: convert, show, mask, compare, record and replay dialogues with cards."""

from pathlib import Path

import click

from bifente.cli.errors import ExitCode
from bifente.cli.options import FORCE, PATH, complete_format
from bifente.cli.trace.files import (
    OUT,
    SKIP_PERSONAL,
    SLOT,
    TRACE,
    UNMASK,
    note,
    output_format,
    reading,
    uncompared_line,
    write,
)
from bifente.cli.trace.play import COMMANDS
from bifente.cli.visible import say, say_json
from bifente.workbench.recorded import masked, without_secrets


@click.group(short_help="Convert, show, mask, compare, record and replay dialogues.")
def trace() -> None:
    """Dialogues with cards, in the formats of many tools.

    \b
    Read and written: our own JSON lines, cardpeek .clf, apdu4j .dump, pcscd --apdu, pcsc-spy, OpenSC debug,
    GlobalPlatformPro, APDUPlay, pcap and pcapng (GSMTAP SIM, USB CCID), plain hexadecimal lines.
    Read only: FreeRDP, libcacard, pasted lines of scriptor, opensc-tool, gpshell, pySim, pyscard, ykman, vicc.
    PINs, PUKs, keys and deciphered data are masked unless --unmask says otherwise. "-" is the standard input.
    """


for _command in COMMANDS:
    trace.add_command(_command)


@trace.command(short_help="Write a trace in another format.")
@TRACE
@OUT
@FORCE
@click.option(
    "--to",
    metavar="FORMAT",
    shell_complete=complete_format,
    help="The format of OUT, when its ending does not say.",
)
@SLOT
@UNMASK
def convert(trace: Path, output: Path, force: bool, to: str | None, slot: str | None, unmask: bool) -> None:
    """Write a trace in another format; that of TRACE is known by its content, that of OUT by its ending.

    \b
    --to bifente clf pcsc-spy opensc pcscd gppro apduplay dump hex pcapng pcap pcapng-ccid pcap-ccid

    What the format cannot keep is said on stderr.
    """
    kind = output_format(output, to)
    with reading(trace, "converting", slot) as (_, source):
        clean = without_secrets(source, unmask=unmask)
        losses = write(kind, clean, output, force=force)
    note([f"{kind.title} does not keep {loss}" for loss in losses])


@trace.command(short_help="Say each exchange in words.")
@TRACE
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--html", metavar="FILE", type=PATH, help="Write one page to look at.")
@FORCE
@click.option("--tpdu", is_flag=True, help="Do not put GET RESPONSE and its command together.")
@SLOT
@UNMASK
def show(
    trace: Path, as_json: bool, html: Path | None, force: bool, tpdu: bool, slot: str | None, unmask: bool
) -> None:
    """Say each exchange in words, following what the card has selected, verified and set."""
    with reading(trace, "reading", slot) as (_, source):
        clean = without_secrets(source, unmask=unmask)
        if html is not None:
            from bifente.cli.trace.show import write_page

            write_page(clean, html, title=f"Trace {trace.name}", tpdu=tpdu, force=force)
            return
        from bifente.cli.trace.show import as_objects, in_words

        if as_json:
            for item in as_objects(clean, tpdu=tpdu):
                say_json(item, indent=None)
        else:
            for line in in_words(clean, tpdu=tpdu):
                say(line)


@trace.command(short_help="Take secrets and personal data out of a trace.")
@TRACE
@OUT
@FORCE
@click.option(
    "--to",
    metavar="FORMAT",
    shell_complete=complete_format,
    help="The format of OUT  [default: by its ending, else that of TRACE]",
)
@click.option("--personal", is_flag=True, help="Keep names, numbers and rights as they are.")
@click.option("--json", "as_json", is_flag=True, help="Print what was removed as JSON.")
def mask(trace: Path, output: Path, force: bool, to: str | None, personal: bool, as_json: bool) -> None:
    """Take out of a trace, whoever recorded it, what must not be passed on; and say what that was.

    PINs, PUKs, keys and deciphered data are masked; what the card says of a person is replaced by pseudonyms of the
    same length.
    """
    from bifente.traces.cleaning.clean import Cleaner
    from bifente.traces.cleaning.pseudonyms import Pseudonyms
    from bifente.traces.formats import Source

    cleaner = Cleaner(None if personal else Pseudonyms())
    with reading(trace, "masking") as (found, source):
        kind = output_format(output, to, found)
        losses = write(
            kind,
            Source(masked(source.header, pseudonyms=not personal), map(cleaner.clean, source.items)),
            output,
            force=force,
        )
    removed = cleaner.removed
    if as_json:
        tables = {"secrets": removed.secrets, "personal": removed.personal}
        told = {
            name: [{"of": of, "exchanges": count, "bytes": size} for of, (count, size) in table.items()]
            for name, table in tables.items()
        }
        say_json(told, err=str(output) == "-")
    else:
        for line in list(removed.lines()) or ["nothing had to be removed"]:
            say(line, err=str(output) == "-")
    note([f"{kind.title} does not keep {loss}" for loss in losses])


@trace.command(short_help="Compare two traces by what was said.")
@click.argument("first", metavar="A", type=PATH)
@click.argument("second", metavar="B", type=PATH)
@click.option("--most", default=20, show_default=True, metavar="N", help="Print so many divergences.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@SKIP_PERSONAL
def diff(first: Path, second: Path, most: int, as_json: bool, skip_personal: bool) -> int:
    """Compare two traces by what was said: challenges, cryptograms, Le, times and T=0 halves do not count.

    Ends with 0 when they say the same, with 9 when not; the first divergence is named with the file it is in, and the
    data object. Where one of them holds pseudonyms, only the length counts of what cards say of a person.
    """
    from bifente.cli.trace.show import difference_lines, difference_object
    from bifente.traces.comparison.diff import compare
    from bifente.traces.comparison.uncompared import Uncompared

    left_out = Uncompared()
    with reading(first, "comparing") as (_, one), reading(second, None) as (_, other):
        items = [without_secrets(each, unmask=False).items for each in (one, other)]
        if skip_personal or one.header.pseudonyms or other.header.pseudonyms:
            items = [left_out.hide(items[0]), Uncompared().hide(items[1])]
        result = compare(*items, most=max(most, 1))
    if as_json:
        say_json({**difference_object(result), "not_compared": left_out.count})
    else:
        for line in difference_lines(result):
            say(line)
        if left_out.count:
            say(uncompared_line(left_out.count), err=True)
    return ExitCode.OK if result.same else ExitCode.CARD_REFUSED
