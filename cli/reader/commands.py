"""``bifente reader``: offer the two-slot reader to PC/SC programs, and change its cards while it is served."""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.options import PATH, complete_slot
from bifente.cli.reader.wrapping import wrapping_options
from bifente.cli.runcommand import RunCommand
from bifente.cli.trace.files import note
from bifente.cli.visible import say
from bifente.workbench.served.running import run_program
from bifente.workbench.served.serving import Stop, need_unix, socket_of_a_run, socket_path, until_signal
from bifente.workbench.served.wrapping import wrappers

if TYPE_CHECKING:
    from bifente.reader.pcsclite.slot import Observer
    from bifente.reader.pinpad import PinPad

_DEFAULT_NAME = "Bifente Lecteur bi-fente"
_RECORDED = "bifente reader serve"
"""The reader of which a trace speaks that --record makes."""

_name = click.option(
    "--name",
    metavar="NAME",
    default=_DEFAULT_NAME,
    show_default=True,
    help="The reader's name as programs will see it.",
)
_ephemeral = click.option("--ephemeral", is_flag=True, help="Throw away what happens to the cards.")
_contactless = click.option(
    "--contactless",
    multiple=True,
    metavar="SLOT",
    shell_complete=complete_slot,
    help="Meet the cards of this slot without contacts: a CPS3 has such an interface. May be repeated.",
)
_trace = click.option("--trace", is_flag=True, help="Show each APDU on stderr; PINs are masked.")
_pin_pad = click.option(
    "--pin-pad",
    metavar="ask|cancel|timeout|FILE",
    help="A terminal with PIN pad: ask here, always cancel, never answer, or type the lines of FILE in turn.",
)
_vpcd = click.option("--vpcd", is_flag=True, help="Behind a system pcscd with the vpcd driver.")
_vpcd_port = click.option(
    "--vpcd-port",
    metavar="PORT",
    type=click.IntRange(1, 65535),
    help="Port of the first slot's driver.  [default: 35963]",
)
_vpcd_listen = click.option(
    "--vpcd-listen",
    is_flag=True,
    help="Listen on loopback for a driver that calls (DEVICENAME localhost:PORT).",
)
_relay = click.option(
    "--relay",
    multiple=True,
    metavar="NAME",
    help="Serve the card of this real PC/SC reader (name, part of it, or number). May be repeated.",
)
_to = click.option(
    "--to", metavar="[USER@]HOST[:SOCKET]", help="Offer the relayed reader on another machine, through ssh."
)
_ssh = click.option(
    "--ssh", default="ssh", show_default=True, metavar="COMMAND", help="The ssh to use, with its options."
)
_as = click.option(
    "--as", "alias", default="pcscd", metavar="NAME", help="Another name for the sockets, to serve several."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(short_help="Offer the two-slot reader to PC/SC programs.")
def reader() -> None:
    """Offer cards in a two-slot reader to programs that use PC/SC, unmodified (Linux)."""


@reader.command()
@click.argument("cards", metavar="CPS.card VITALE.card…", nargs=-1)
@_name
@_ephemeral
@_contactless
@_trace
@_pin_pad
@wrapping_options
@_vpcd
@_vpcd_port
@_vpcd_listen
@_relay
@_to
@_ssh
@_as
def serve(
    cards: tuple[str, ...],
    name: str,
    ephemeral: bool,
    contactless: tuple[str, ...],
    trace: bool,
    pin_pad: str | None,
    latency: str | None,
    faults: Path | None,
    record: Path | None,
    force: bool,
    unmask: bool,
    vpcd: bool,
    vpcd_port: int | None,
    vpcd_listen: bool,
    relay: tuple[str, ...],
    to: str | None,
    ssh: str,
    alias: str,
) -> None:
    """Serve a reader with these cards until Ctrl-C.

    Prints the line that makes a shell's programs use it. "-" leaves a slot empty; every two more cards are a further
    reader, up to 16 slots. With --vpcd the cards stand behind a system pcscd that has the vpcd driver instead.

    \b
    bifente reader serve --relay "ACS ACR39U" --to me@workstation

    With --relay it is the card of a real reader, on another machine with --to.
    """
    from bifente.cli.reader.asking import refusal_of
    from bifente.workbench.served.control import ControlSocket
    from bifente.workbench.served.slots import Slots

    need_unix()
    stop = Stop()
    if relay:
        if (
            cards
            or ephemeral
            or contactless
            or record
            or vpcd
            or vpcd_port is not None
            or vpcd_listen
            or name != _DEFAULT_NAME
        ):
            raise click.UsageError(
                "--relay takes no cards, --name, --ephemeral, --contactless, --record (bifente trace record keeps names out) or --vpcd"
            )
        from bifente.cli.reader.watching import Noted, export, observer_of
        from bifente.workbench.served.relayed import serve_relay_until

        with until_signal(stop), wrappers(latency, faults, None) as around:
            serve_relay_until(
                stop,
                relay,
                socket_path(alias, "comm"),
                to=to,
                ssh=shlex.split(ssh),
                wrappers=around,
                pin_pad=_pad(pin_pad),
                observer=observer_of if trace else None,
                tell=Noted(),
                offered=export,
            )
        return
    if to is not None:
        raise click.UsageError("--to is for a real reader: --relay NAME")
    if vpcd or vpcd_port is not None or vpcd_listen:
        if pin_pad is not None:
            raise click.UsageError("the vpcd driver has no PIN pad")
        from bifente.cli.reader.watching import Printed
        from bifente.workbench.served.vpcd import serve_vpcd_until

        with (
            until_signal(stop),
            wrappers(
                latency,
                faults,
                record,
                force=force,
                unmask=unmask,
                recorded_by=_RECORDED,
                sink=Printed() if trace else None,
            ) as around,
            Slots(cards, name=name, ephemeral=ephemeral, wrappers=around, contactless=contactless) as slots,
        ):
            note(slots.notes())
            serve_vpcd_until(
                stop,
                slots,
                vpcd_port,
                listen=vpcd_listen,
                control=socket_path(alias, "control"),
                refusal=refusal_of,
                tell=say,
                ready=lambda: say(
                    "programs see the cards through the system's pcscd; bifente doctor says whether it is ready"
                ),
            )
        return
    with (
        until_signal(stop),
        wrappers(latency, faults, record, force=force, unmask=unmask, recorded_by=_RECORDED) as around,
        Slots(cards, name=name, ephemeral=ephemeral, wrappers=around, contactless=contactless) as slots,
    ):
        note(slots.notes())
        server = slots.serve(
            socket_path(alias, "comm"),
            pin_pad=_pad(pin_pad),
            observe=_observer(slots.names) if trace else None,
        )
        with server:
            control = ControlSocket(socket_path(alias, "control"), slots.answer, refusal_of)
            try:
                for variable, value in server.environment.items():
                    say(f"export {variable}={shlex.quote(value)}")
                sys.stdout.flush()
                stop.wait()
            finally:
                control.close()


@reader.command(cls=RunCommand)
@click.argument("cards", metavar="CPS.card VITALE.card… -- PROGRAM ARGS…", nargs=-1)
@_name
@_ephemeral
@_contactless
@_trace
@_pin_pad
@wrapping_options
@click.pass_context
def run(
    ctx: click.Context,
    cards: tuple[str, ...],
    name: str,
    ephemeral: bool,
    contactless: tuple[str, ...],
    trace: bool,
    pin_pad: str | None,
    latency: str | None,
    faults: Path | None,
    record: Path | None,
    force: bool,
    unmask: bool,
) -> int:
    """Run a program that sees a reader with these cards, and end with its exit code."""
    from bifente.workbench.served.slots import Slots

    need_unix()
    program: list[str] = ctx.meta["bifente.program"]
    if not program:
        raise click.UsageError("the program to run is missing behind --", ctx)
    with (
        wrappers(latency, faults, record, force=force, unmask=unmask, recorded_by=_RECORDED) as around,
        Slots(cards, name=name, ephemeral=ephemeral, wrappers=around, contactless=contactless) as slots,
    ):
        note(slots.notes())
        server = slots.serve(
            socket_of_a_run("run"),
            pin_pad=_pad(pin_pad),
            observe=_observer(slots.names) if trace else None,
        )
        with server:
            return run_program(program, {**os.environ, **server.environment})


@reader.command()
@click.argument("card", metavar="X.card", type=PATH)
@click.option(
    "--slot",
    metavar="SLOT",
    shell_complete=complete_slot,
    help="A slot: name, part of it, or number.  [default: where the card belongs]",
)
@_as
@_json
def insert(card: Path, slot: str | None, alias: str, as_json: bool) -> None:
    """Put a card into the reader that is being served."""
    question = {"do": "insert", "card": str(card.absolute())}
    if slot:
        question["slot"] = slot
    _ask(alias, question, as_json=as_json)


@reader.command()
@click.argument("slot", metavar="SLOT", shell_complete=complete_slot)
@_as
@_json
def remove(slot: str, alias: str, as_json: bool) -> None:
    """Take the card out of SLOT (its name, a part of it, or its number), whatever it is doing."""
    _ask(alias, {"do": "remove", "slot": slot}, as_json=as_json)


@reader.command()
@click.argument("slot", metavar="SLOT", shell_complete=complete_slot)
@click.argument("card", metavar="X.card", type=PATH)
@_as
@_json
def swap(slot: str, card: Path, alias: str, as_json: bool) -> None:
    """Take the card out of SLOT, if there is one, and put another in."""
    _ask(alias, {"do": "swap", "slot": slot, "card": str(card.absolute())}, as_json=as_json)


@reader.command()
@click.argument("reader_number", metavar="[READER]", required=False)
@_as
@_json
def unplug(reader_number: str | None, alias: str, as_json: bool) -> None:
    """Unplug the reader, or that of this number: programs see it no more; its cards stay in, without supply."""
    _ask(alias, _of_reader("unplug", reader_number), as_json=as_json)


@reader.command()
@click.argument("reader_number", metavar="[READER]", required=False)
@_as
@_json
def plug(reader_number: str | None, alias: str, as_json: bool) -> None:
    """Plug the reader in again, or that of this number; its cards start anew."""
    _ask(alias, _of_reader("plug", reader_number), as_json=as_json)


@reader.command()
@click.option(
    "--down",
    metavar="SECONDS",
    default="0",
    show_default=True,
    help="How long the service is gone, 30 at most.",
)
@_as
@_json
def restart(down: str, alias: str, as_json: bool) -> None:
    """Restart the PC/SC service, as an administrator restarts pcscd: every program loses its connection."""
    _ask(alias, {"do": "restart", "seconds": down}, as_json=as_json)


def _of_reader(do: str, number: str | None) -> dict[str, str]:
    return {"do": do} if number is None else {"do": do, "reader": number}


@reader.command()
@_as
@_json
def status(alias: str, as_json: bool) -> None:
    """Say what is in the slots of the reader that is being served."""
    _ask(alias, {"do": "status"}, as_json=as_json)


def _ask(alias: str, question: dict[str, str], *, as_json: bool) -> None:
    from bifente.cli.reader.asking import ask_and_show

    ask_and_show(alias, question, as_json=as_json)


def _pad(choice: str | None) -> "PinPad | None":
    if choice is None:
        return None
    from bifente.cli.reader.pinentry import AskHere
    from bifente.reader.pinpad import PinPad, Scripted

    if choice == "ask":
        return PinPad(AskHere())
    if choice in ("cancel", "timeout"):
        return PinPad(Scripted([choice]))
    from bifente.cli.reader.pinentry import entries_of

    return PinPad(Scripted(entries_of(Path(choice))))


def _observer(names: Sequence[str]) -> "Observer":
    from bifente.cli.reader.watching import observer_of

    return observer_of(names)
