"""The options of what ``bifente reader`` can put around the cards that it serves."""

from collections.abc import Callable
from typing import TypeVar

import click

from bifente.cli.options import FORCE, PATH
from bifente.cli.trace.files import UNMASK

F = TypeVar("F", bound=Callable[..., object])


def wrapping_options(command: F) -> F:
    """The options ``--latency``, ``--faults``, ``--record`` and ``--unmask``."""
    for option in (
        UNMASK,
        FORCE,
        click.option(
            "--record",
            type=PATH,
            metavar="FILE",
            help="Record what is said in a new trace; PINs are masked unless --unmask says otherwise.",
        ),
        click.option(
            "--faults", type=PATH, metavar="FILE", help="Break the cards by the rules of a YAML file."
        ),
        click.option(
            "--latency",
            metavar="BITS|TRACE",
            help="As slow as a line of so many bit/s (9600 to 115200), or as the cards of a recorded trace.",
        ),
    ):
        command = option(command)
    return command
