"""The command ``bifente``: a group whose commands are imported only when they are called.

``bifente --help`` and shell completion of a command's name import click, this module, the group and two exceptions, nothing
else.
"""

import io
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from bifente import __version__
from bifente.cli.lazygroup import LazyGroup
from bifente.cli.terminated import HungUp, Terminated


class Settings:
    """What the options of ``bifente`` itself say; ``click.Context.obj`` of every command."""

    __slots__ = ("debug",)  # by hand: a dataclass costs more than all else that is imported here

    def __init__(self, *, debug: bool = False) -> None:
        self.debug = debug


COMMANDS: dict[str, tuple[str, str]] = {
    "annuaire": (
        "bifente.cli.annuaire.commands:annuaire",
        "Search the directory of professionals and certificates.",
    ),
    "apdu": ("bifente.cli.apdu.commands:apdu", "Explain APDUs in words; send them to a card file."),
    "demo": ("bifente.cli.demo.commands:demo", "Two cards, one PIN, one care sheet signed by both."),
    "card": ("bifente.cli.card.commands:card", "Make, show, compare, change and break cards."),
    "conform": ("bifente.cli.conform.commands:conform", "Try what cards and readers promise, and report it."),
    "completion": ("bifente.cli.completion.commands:completion", "Print the completion script of a shell."),
    "doctor": (
        "bifente.cli.doctor.commands:doctor",
        "Look whether this machine has what cards and readers need.",
    ),
    "fse": ("bifente.cli.fse.commands:fse", "Price, send, judge and pay care sheets."),
    "reader": ("bifente.cli.reader.commands:reader", "Offer the two-slot reader to PC/SC programs."),
    "sesam": (
        "bifente.cli.sesam.commands:sesam",
        "Let health software that calls GALSS and SSV read these cards.",
    ),
    "igc": ("bifente.cli.igc.commands:igc", "Make, show and publish a certification authority of your own."),
    "mail": ("bifente.cli.mail.commands:mail", "Sign, encipher, send, open and verify mails with the CPS."),
    "primer": (
        "bifente.cli.primer.commands:primer",
        "Play through a course of cryptology, step by step.",
    ),
    "sheet": ("bifente.cli.sheet.commands:sheet", "Make, sign, show and verify care sheets."),
    "trace": (
        "bifente.cli.trace.commands:trace",
        "Convert, show, mask, compare, record and replay dialogues.",
    ),
    "pin": ("bifente.cli.pin.commands:pin", "Show, present, change and unblock the PIN of a card."),
}
"""Command → (module:attribute, short help). A test compares the short helps with the commands' own."""


class _Entry(LazyGroup):
    """The group of all commands: what they print may be cut short."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: object,
    ) -> click.Context:
        """Read the options; ``--help`` and ``--version`` print here."""
        with _output_may_close():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        from bifente.cli.visible import log_visibly

        log_visibly()
        with _output_may_close():
            return super().invoke(ctx)


@contextmanager
def _output_may_close() -> Iterator[None]:
    """A reader of our output that went away is not click's to report."""
    try:
        yield
    except BrokenPipeError as error:
        raise OutputClosed from error


class OutputClosed(Exception):
    """Whoever read our output stopped reading, as ``head`` does."""


@contextmanager
def _signals_give_everything_back() -> Iterator[None]:
    """SIGTERM and SIGHUP become exceptions, once: files, sockets and locks are not left behind.

    What is ignored (nohup) stays so; so does what whoever calls us has arranged.
    """

    def came(number: int, _frame: object) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)  # what is being given back now shall not be cut short
        raise HungUp if number == getattr(signal, "SIGHUP", None) else Terminated

    before: dict[int, object] = {}
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # no SIGHUP on Windows
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            try:
                before[number] = signal.signal(number, came)
            except ValueError:
                break  # not the main thread: signals are not ours to handle
    try:
        yield
    finally:
        for number in before:
            signal.signal(number, signal.SIG_DFL)


@click.group(
    cls=_Entry,
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", prog_name="bifente", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, envvar="BIFENTE_DEBUG", help="Show the traceback of an error.")
@click.pass_obj
def cli(settings: Settings, debug: bool) -> None:
    """French health cards (CPS, carte Vitale) and their care sheets, emulated."""
    settings.debug = debug


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``bifente`` and return its exit code (``docs/exit-codes.md``)."""
    settings = Settings()
    _open_what_is_closed()
    _write_any_character()
    try:
        with _signals_give_everything_back():
            result = cli.main(
                args=None if arguments is None else list(arguments),
                prog_name="bifente",
                standalone_mode=False,
                obj=settings,
            )
        sys.stdout.flush()
    except (OutputClosed, BrokenPipeError):
        # Python flushes stdout once more when it ends: give it something that accepts.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except BaseException as error:  # the one edge: whatever happened becomes one line and a code
        if isinstance(error, SystemExit):
            raise
        if isinstance(error, HungUp):
            for stream in (
                sys.stdout,
                sys.stderr,
            ):  # a write to the terminal that is gone would fail once more
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        from bifente.cli.errors import report

        return report(error, debug=settings.debug)
    return result if isinstance(result, int) else 0


def _open_what_is_closed() -> None:
    """A stream that the shell closed (``>&-``) is like ``/dev/null``; its number shall not become a card file's."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = open(os.devnull, "w" if number else "r", encoding="utf-8")  # noqa: SIM115 - for the whole run
            setattr(sys, name, opened)


def _write_any_character() -> None:
    """A character that the output cannot write (another encoding than UTF-8) becomes an escape, not a failure."""
    for stream in (sys.stdout, sys.stderr):
        # In the C locale Python lets undecodable bytes through (surrogateescape), and fails on all other characters.
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="backslashreplace")
