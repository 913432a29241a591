"""``bifente sesam``: the libraries that health software calls, answered by cards in a reader of ours."""

import shlex
import sys
from pathlib import Path

import click

from bifente.cli.options import FORCE, JSON, PATH, igc_option
from bifente.cli.trace.files import note
from bifente.cli.visible import say, say_json
from bifente.workbench.served.serving import Stop, need_unix, socket_path, until_signal


@click.group(short_help="Let health software that calls GALSS and SSV read these cards.")
def sesam() -> None:
    """GALSS and SSV libraries over cards of ours: health software reads a CPS and a carte Vitale, unmodified (Linux)."""


@sesam.command()
@click.option(
    "-o", "--out", "output", metavar="DIR", type=PATH, help="Where to put them.  [default: your cache]"
)
@click.option(
    "--bits", type=click.Choice(["64", "32"]), default="64", show_default=True, help="Of the callers."
)
@click.option("--windows", is_flag=True, help="DLLs, with mingw-w64.")
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


_igc = igc_option
_ephemeral = click.option("--ephemeral", is_flag=True, help="Throw away what happens to the cards.")


@sesam.command()
@click.argument("cards", metavar="CPS.card VITALE.card", nargs=-1)
@_igc
@_ephemeral
@click.option(
    "--as", "alias", default="sesam", metavar="NAME", help="Another name for the sockets, to serve several."
)
def serve(cards: tuple[str, ...], igc: Path | None, ephemeral: bool, alias: str) -> None:
    """Answer the libraries with these cards until Ctrl-C."""
    from bifente.workbench.authority import authority_at_hand
    from bifente.workbench.served.slots import Slots
    from bifente.workbench.sesam.serving import SesamSettings, desk_of, served, slots_of

    need_unix()
    stop = Stop()
    settings = SesamSettings(authority=authority_at_hand(igc))
    with until_signal(stop), Slots(cards, name="Bifente SESAM", ephemeral=ephemeral) as slots:
        note(slots.notes())
        desk = desk_of(*slots_of(slots.readers[0]), settings)
        with served(desk, settings, socket_path(alias, "comm")) as environment:
            for variable, value in environment.items():
                say(f"export {variable}={shlex.quote(value)}")
            sys.stdout.flush()
            stop.wait()
