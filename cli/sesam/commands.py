"""``bifente sesam``: the libraries that health software calls, answered by cards in a reader of ours."""

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, TypeVar, Unpack

import click

from bifente.cli.options import FORCE, JSON, PATH, READER, igc_option
from bifente.cli.reader.wrapping import wrapping_options
from bifente.cli.runcommand import RunCommand
from bifente.cli.trace.files import note
from bifente.cli.visible import say, say_json
from bifente.workbench.served.running import run_program
from bifente.workbench.served.serving import Stop, need_unix, socket_of_a_run, socket_path, until_signal
from bifente.workbench.served.wrapping import wrappers

if TYPE_CHECKING:
    from bifente.workbench.served.slots import Slots

_NAME = "Bifente SESAM"
_RECORDED = "bifente sesam"
"""The reader of which a trace speaks that --record makes."""

F = TypeVar("F", bound=Callable[..., object])


class AnsweringOptions(TypedDict):
    """What both commands that answer take."""

    readers: tuple[str, ...]
    igc: Path | None
    values: Path | None
    sesam_ini: Path | None
    ephemeral: bool
    trace: bool
    latency: str | None
    faults: Path | None
    record: Path | None
    force: bool
    unmask: bool
    synthetic_invoicing: bool


@click.group(short_help="Let health software that calls GALSS and SSV read these cards.")
def sesam() -> None:
    """GALSS and SSV libraries over cards of ours: health software reads a CPS and a carte Vitale, unmodified."""


@sesam.command()
@click.option(
    "-o", "--out", "output", metavar="DIR", type=PATH, help="Where to put them.  [default: your cache]"
)
@click.option(
    "--bits",
    type=click.Choice(["64", "32"]),
    default="64",
    show_default=True,
    help="Of the programs that call.",
)
@click.option("--windows", is_flag=True, help="DLLs, with mingw-w64; they find the process by --tcp.")
@FORCE
@JSON
def build(output: Path | None, bits: str, windows: bool, force: bool, as_json: bool) -> None:
    """Build the libraries with the system's C compiler.

    Prints the folder. Programs find them there by LD_LIBRARY_PATH; bifente sesam run sets it.
    """
    from bifente.workbench.sesam.building import build as make

    built = make(output, bits=int(bits), windows=windows, force=force)
    if as_json:
        say_json({"folder": str(built.folder), "libraries": list(built.made), "built": built.fresh})
        return
    say(str(built.folder))


def _answering(command: F) -> F:
    """The options of :class:`AnsweringOptions`."""
    for option in (
        wrapping_options,
        click.option(
            "--trace", is_flag=True, help="Show each call and its APDUs on stderr; PINs are masked."
        ),
        click.option(
            "--synthetic-invoicing",
            is_flag=True,
            help="Make sheets, lots and files of ours where SSV formats invoices: see docs/sesam.md.",
        ),
        click.option("--ephemeral", is_flag=True, help="Throw away what happens to the cards."),
        click.option(
            "--sesam-ini",
            metavar="FILE",
            type=PATH,
            help="Take the waits for cards that another program holds from this sesam.ini.",
        ),
        click.option(
            "--config", "values", metavar="FILE", type=PATH, help="Values for groups 60 to 64 of LireConfig."
        ),
        igc_option,
        click.option("--reader", "readers", multiple=True, metavar="NAME", help=f"{READER} May be repeated."),
    ):
        command = option(command)
    return command


@sesam.command()
@click.argument("cards", metavar="CPS.card VITALE.card", nargs=-1)
@_answering
@click.option(
    "--tcp", is_flag=True, help="Listen on loopback with a token, for programs of Windows or a container."
)
@click.option(
    "--port", metavar="PORT", type=click.IntRange(1, 65535), help="With --tcp.  [default: a free one]"
)
@click.option(
    "--as", "alias", default="sesam", metavar="NAME", help="Another name for the sockets, to serve several."
)
def serve(
    cards: tuple[str, ...], tcp: bool, port: int | None, alias: str, **options: Unpack[AnsweringOptions]
) -> None:
    """Answer the libraries with these cards until Ctrl-C.

    Prints the lines that lead a shell's programs here. "-" leaves a slot empty; bifente reader insert --as NAME and its like
    change cards meanwhile.
    """
    from bifente.cli.reader.asking import refusal_of
    from bifente.workbench.served.control import ControlSocket

    need_unix()
    if port is not None and not tcp:
        raise click.UsageError("--port is for --tcp")
    stop = Stop()
    with (
        until_signal(stop),
        _desk(cards, None if tcp else socket_path(alias, "comm"), port, **options) as (
            slots,
            environment,
        ),
    ):
        control = ControlSocket(socket_path(alias, "control"), slots.answer, refusal_of)
        try:
            for variable, value in environment.items():
                say(f"export {variable}={shlex.quote(value)}")
            sys.stdout.flush()
            stop.wait()
        finally:
            control.close()


@sesam.command(cls=RunCommand)
@click.argument("cards", metavar="CPS.card VITALE.card -- PROGRAM ARGS…", nargs=-1)
@_answering
@click.option(
    "--bits", type=click.Choice(["64", "32"]), default="64", show_default=True, help="Of the program."
)
@click.pass_context
def run(ctx: click.Context, /, cards: tuple[str, ...], bits: str, **options: Unpack[AnsweringOptions]) -> int:
    """Run a program that finds the libraries and these cards, and end with its exit code.

    The libraries are built when they are not there yet. The program's environment has LD_LIBRARY_PATH, and sesam.ini and
    galss.ini where BIFENTE_SESAM_INI and BIFENTE_GALSS_INI say.
    """
    import tempfile

    from bifente.workbench.sesam.building import build as make
    from bifente.workbench.sesam.inifiles import write_ini_files

    need_unix()
    program: list[str] = ctx.meta["bifente.program"]
    if not program:
        raise click.UsageError("the program to run is missing behind --", ctx)
    libraries = make(bits=int(bits)).folder
    with (
        tempfile.TemporaryDirectory(prefix="bifente-sesam-") as folder,
        _desk(cards, socket_of_a_run("sesam-run"), None, **options) as (_, environment),
    ):
        path = os.pathsep.join(filter(None, (str(libraries), os.environ.get("LD_LIBRARY_PATH"))))
        found = {**os.environ, **environment, **write_ini_files(Path(folder)), "LD_LIBRARY_PATH": path}
        return run_program(program, found)


@contextmanager
def _desk(
    cards: tuple[str, ...],
    place: Path | None,
    port: int | None,
    **options: Unpack[AnsweringOptions],
) -> "Iterator[tuple[Slots, dict[str, str]]]":
    """The cards in their slots, answered for: the slots, and the environment for programs."""
    from bifente.cli.reader.watching import Noted
    from bifente.cli.sesam.watching import ShownCalls
    from bifente.workbench.authority import authority_at_hand
    from bifente.workbench.served.slots import Slots
    from bifente.workbench.sesam.recording import RecordedCalls, SeveralJournals
    from bifente.workbench.sesam.serving import SesamSettings, desk_of, served

    readers = options["readers"]
    if len(cards) > 2:
        raise click.UsageError("a CPS and a Vitale, no more")
    if not cards and not readers:
        raise click.UsageError("no cards: give their files, or --reader NAME")
    settings = SesamSettings(
        options["values"],
        options["sesam_ini"],
        authority_at_hand(options["igc"]),
        synthetic_invoicing=options["synthetic_invoicing"],
    )
    shown = ShownCalls() if options["trace"] else None
    journal = SeveralJournals(*([] if shown is None else [shown]))
    with ExitStack() as running:
        around = running.enter_context(
            wrappers(
                options["latency"],
                options["faults"],
                options["record"],
                force=options["force"],
                unmask=options["unmask"],
                recorded_by=_RECORDED,
                sink=shown,
                also=lambda sink, clock: journal.journals.append(RecordedCalls(sink, clock)),
            )
        )
        slots = running.enter_context(
            Slots(cards, name=_NAME, ephemeral=options["ephemeral"], wrappers=around)
        )
        note(slots.notes())
        desk = running.enter_context(desk_of(slots, readers, settings, around=around, tell=Noted()))
        yield (
            slots,
            running.enter_context(
                served(desk, settings, place, port=port, journal=journal if journal.journals else None)
            ),
        )
