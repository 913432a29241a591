"""``bifente trace replay``, ``play`` and ``record``: traces as cards, and cards as traces."""

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.errors import CliError, ExitCode
from bifente.cli.options import FORCE, PATH, READER
from bifente.cli.runcommand import RunCommand
from bifente.cli.secretinput import SecretSource, pin_options
from bifente.cli.trace.files import (
    ATR,
    OUT,
    SKIP_PERSONAL,
    SLOT,
    TRACE,
    UNMASK,
    uncompared_line,
    whole,
)
from bifente.cli.visible import say, say_json
from bifente.workbench.recorded import tells_atr
from bifente.workbench.served.realreader import relayed
from bifente.workbench.served.running import run_program
from bifente.workbench.served.serving import Stop, need_unix, socket_of_a_run, socket_path, until_signal

if TYPE_CHECKING:
    from bifente.apdu.link import Card
    from bifente.reader import TwoSlotReader
    from bifente.traces.replaying.replay import ReplayCard

_SLOT = "ICC"
_NAME = "Bifente Replay"
_AS = click.option("--as", "alias", default="replay", metavar="NAME", help="Another name for the socket.")


class _RunOrServe(RunCommand):
    """Takes what stands behind ``--`` as the program; without it there is none."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args if "--" in args else [*args, "--"])


@click.command(cls=_RunOrServe, short_help="Put a recorded card into a reader again.")
@TRACE
@click.option(
    "--policy",
    type=click.Choice(["strict", "search", "stateful"]),
    default="search",
    show_default=True,
    help="Which exchange answers: the next, the next with this command, or one in the same state.",
)
@click.option(
    "--name",
    metavar="NAME",
    default=_NAME,
    show_default=True,
    help="The reader's name as programs will see it.",
)
@click.option("--vpcd", is_flag=True, help="Offer it to a system pcscd through the vpcd driver instead.")
@SLOT
@ATR
@_AS
@click.pass_context
def replay(
    ctx: click.Context,
    trace: Path,
    policy: str,
    name: str,
    vpcd: bool,
    slot: str | None,
    atr: bytes | None,
    alias: str,
) -> int:
    """Offer the card of TRACE to PC/SC programs, until Ctrl-C or until the PROGRAM behind -- ends.

    \b
    bifente trace replay consultation.trace -- opensc-tool --atr

    What was asked and is not in the trace is answered 6FFF, and told at the end on stderr. Masked bytes of a command
    match any. Ends with the exit code of the program; else with 9 when something was missed.
    """
    from bifente.reader import TwoSlotReader
    from bifente.traces.replaying.replay import Policy, ReplayCard

    program: list[str] = ctx.meta["bifente.program"]
    if vpcd and program:
        raise click.UsageError(
            "a program behind -- finds our socket, not the system's pcscd: leave --vpcd out"
        )
    recorded = whole(trace, "reading", slot, atr)
    if not tells_atr(recorded):
        raise CliError("the trace does not tell the ATR of its card", hint="give it with --atr HEX")
    card = ReplayCard(recorded, Policy(policy))
    with TwoSlotReader(name, slots=(_SLOT,), warm_reset_other=False) as reader:
        reader.insert(_SLOT, card)
        if vpcd:
            _offer_vpcd(reader)
            code = 0
        else:
            code = _offer(reader, name, alias, program)
    for line in card.report():
        say(line, err=True)
    return code if program else _code(card)


def _code(card: "ReplayCard") -> int:
    return ExitCode.CARD_REFUSED if card.missed else ExitCode.OK


def _offer(reader: "TwoSlotReader", name: str, alias: str, program: list[str]) -> int:
    """Serve *reader* on a socket; the exit code of the program, 0 without one."""
    from bifente.workbench.served.offering import on_a_socket

    need_unix()
    path = socket_of_a_run(alias) if program else socket_path(alias, "comm")
    seen_as = name if name != _NAME else None
    if program:
        with on_a_socket(reader, path, seen_as) as environment:
            return run_program(program, {**os.environ, **environment})
    stop = Stop()
    with until_signal(stop), on_a_socket(reader, path, seen_as) as environment:
        for variable, value in environment.items():
            say(f"export {variable}={shlex.quote(value)}")
        sys.stdout.flush()
        stop.wait()
    return 0


def _offer_vpcd(reader: "TwoSlotReader") -> None:
    from bifente.workbench.served.offering import behind_vpcd

    stop = Stop()
    with until_signal(stop), behind_vpcd(reader) as port:
        say(f"calling the vpcd driver on port {port}; Ctrl-C ends it", err=True)
        stop.wait()


@click.command(short_help="Send the commands of a trace to a card, and compare.")
@TRACE
@click.option("--reader", metavar="NAME", help=READER)
@click.option("--card", "file", metavar="X.card", type=PATH, help="A card file instead.")
@click.option("--write", "writes", is_flag=True, help="Send also what changes the card.")
@click.option("--most", default=20, show_default=True, metavar="N", help="Print so many divergences.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@SKIP_PERSONAL
@SLOT
@ATR
@pin_options()
def play(
    trace: Path,
    reader: str | None,
    file: Path | None,
    writes: bool,
    most: int,
    as_json: bool,
    skip_personal: bool,
    slot: str | None,
    atr: bytes | None,
    pin: SecretSource,
) -> None:
    """Send the commands of TRACE to a card, and compare its answers with the recorded ones as trace diff does.

    Commands that change a card are left out, unless --write. A masked VERIFY is sent with the PIN of --pin,
    --pin-file or BIFENTE_PIN, if there is one. The first refused PIN ends it. Ends with 9 when something differs.

    What trace record and trace mask have replaced by pseudonyms is neither written to the card nor compared.
    """
    from bifente.apdu.facets import speaks_tpdu
    from bifente.cli.trace.show import difference_lines, difference_object
    from bifente.traces.cleaning.clean import Cleaner
    from bifente.traces.comparison.diff import compare
    from bifente.traces.comparison.uncompared import Uncompared
    from bifente.traces.replaying.play import play as perform

    recorded = whole(trace, "reading", slot, atr)
    digits = pin.read() if pin.value is not None or pin.path is not None else None
    left_out = Uncompared()
    skip = skip_personal or recorded.header.pseudonyms
    # Hidden at once: what is not the card's own is not written to it either.
    items = tuple(left_out.hide(recorded.items)) if skip else recorded.items
    with _card(reader, file) as (card, now):
        performance = perform(items, card, now, pin=digits, writes=writes, tpdu=speaks_tpdu(card))
    before, after = Cleaner(), Cleaner()
    answered = Uncompared().hide(performance.items) if skip else performance.items
    result = compare(map(before.clean, performance.asked), map(after.clean, answered), most=max(most, 1))
    if as_json:
        told = difference_object(result)
        told["skipped"], told["stopped"] = performance.skipped, performance.stopped or None
        told["not_compared"] = left_out.count
        say_json(told)
    else:
        for line in difference_lines(result):
            say(line)
        for why, count in performance.skipped.items():
            say(f"not sent: {why}: {count}", err=True)
        if left_out.count:
            say(uncompared_line(left_out.count), err=True)
    if performance.stopped:
        raise CliError(f"stopped: {performance.stopped}", ExitCode.WRONG_PIN)
    if not result.same:
        raise CliError("the card answers otherwise than the recorded one", ExitCode.CARD_REFUSED)


@contextmanager
def _card(reader: str | None, file: Path | None) -> "Iterator[tuple[Card, bytes]]":
    """The card to play to, powered, and its ATR."""
    if (reader is None) == (file is None):
        raise CliError(
            "a reader or a card file is wanted", ExitCode.USAGE, hint="--reader NAME or --card X.card"
        )
    card: Card
    if file is not None:
        from bifente.applets import open_card

        card = open_card(file)
    else:
        card = relayed(reader or "")
    try:
        yield card, card.power_on()
    finally:
        card.power_off()


@click.command(cls=_RunOrServe, short_help="Record what a program says to the card in a reader.")
@click.option("--reader", "name", required=True, metavar="NAME", help=READER)
@OUT
@FORCE
@click.option("--personal", is_flag=True, help="Keep names, numbers and rights as they are.")
@UNMASK
@click.pass_context
def record(ctx: click.Context, name: str, output: Path, force: bool, personal: bool, unmask: bool) -> int:
    """Run the PROGRAM behind -- with the card of a reader, and write down what is said.

    \b
    bifente trace record --reader "ACS ACR39U 00 00" -o card.trace -- pkcs15-tool -D

    The program finds one reader of the same name. What it says reaches the card unchanged; in the trace, secrets are
    masked (unless --unmask) and what the card says of a person is replaced by pseudonyms (unless --personal). OUT is
    of the canonical form; bifente trace convert makes others. Ends with the exit code of the program.
    """
    from bifente.reader import TwoSlotReader
    from bifente.traces import Level, Recorder, TraceHeader, TraceWriter
    from bifente.traces.cleaning.clean import Cleaner, CleanSink
    from bifente.traces.cleaning.pseudonyms import Pseudonyms

    program: list[str] = ctx.meta["bifente.program"]
    if not program:
        raise click.UsageError("the program to run is missing behind --", ctx)
    need_unix()
    card = relayed(name)
    name, atr = card.name, card.power_on()
    try:
        header = TraceHeader(
            name, atr, card.protocol, datetime.now(UTC), masked=not unmask, pseudonyms=not personal
        )
        # The recorder masks; what remains to be done are pseudonyms.
        cleaner = Cleaner(None if personal else Pseudonyms(), secrets=False)
        with TraceWriter.create(output, header, replace=force) as writer:
            level = Level.TPDU if card.speaks_tpdu else Level.APDU
            recorder = Recorder(card, CleanSink(writer, cleaner), level=level, unmask=unmask)
            with TwoSlotReader("relay", slots=(_SLOT,), warm_reset_other=False) as reader:
                reader.insert(_SLOT, recorder)
                return _offer(reader, name, "record", program)
    finally:
        card.power_off()


COMMANDS = (replay, play, record)
