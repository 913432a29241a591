"""What the commands share that serve a reader, or run a program that sees one."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import click

from bifente.cli.errors import CliError, ExitCode


class RunCommand(click.Command):
    """Takes what stands behind ``--`` as the program, whatever options it has."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" not in args and not {"-h", "--help"} & set(args):
            raise click.UsageError("-- and the program to run are missing", ctx)
        if "--" not in args:
            return super().parse_args(ctx, args)
        at = args.index("--")
        ctx.meta["bifente.program"] = args[at + 1 :]
        return super().parse_args(ctx, args[:at])


def run_program(program: list[str], environment: dict[str, str]) -> int:
    """Run *program* to its end; returns its exit code, 128 and the signal when one ended it."""
    # Ctrl-C in the terminal is for the program; what it makes of it is our result. A handler that does nothing, unlike
    # an ignored signal, is not inherited.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        process = subprocess.Popen(program, env=environment)
    except FileNotFoundError:
        raise CliError(f"{program[0]}: no such program") from None
    else:
        code = process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    return code if code >= 0 else 128 - code


def need_unix() -> None:
    """Raise CliError where there is no pcsc-lite."""
    if not sys.platform.startswith("linux"):
        raise CliError(
            "this reader is for Linux, whose PC/SC is pcsc-lite",
            ExitCode.USAGE,
            hint="in Python, bifente.reader works everywhere",
        )


def socket_path(alias: str, kind: str) -> Path:
    """Where the socket of that name and kind (``comm``, ``control``) lies. Raises CliError."""
    from bifente.reader.pcsclite import runtime_folder

    if not alias or "/" in alias or alias.startswith("."):
        raise CliError(f"{alias!r} is no name for a socket", ExitCode.USAGE)
    return runtime_folder() / f"{alias}.{kind}"


@contextmanager
def until_signal(stop: Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM set *stop* while the block runs."""
    before = {
        number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
