"""The one edge where errors become a line, a hint and an exit code.

The packages raise; nobody but this module ends the program. Errors are recognised by name, so that reporting one
imports no package that the command did not need.
"""

import errno
import os
import re
import shlex
import sys
import traceback
from enum import IntEnum
from typing import NamedTuple

import click

from bifente.cli.main import HungUp, Terminated
from bifente.cli.visible import say, say_text, visible


class ExitCode(IntEnum):
    """What ``bifente`` tells the shell; ``docs/exit-codes.md`` is this table."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    BAD_INPUT = 3
    CARD_FILE = 4
    CARD_IN_USE = 5
    WRONG_PIN = 6
    PIN_BLOCKED = 7
    NO_CARD = 8
    CARD_REFUSED = 9
    RECOGNITION_REFUSED = 10
    SIGNATURE_INVALID = 11
    WRITE_FAILED = 12
    NO_PERMISSION = 13
    NOT_USABLE = 14
    HUNG_UP = 129
    INTERRUPTED = 130
    OUTPUT_CLOSED = 141
    TERMINATED = 143


MEANINGS: dict[ExitCode, str] = {
    ExitCode.OK: "done",
    ExitCode.UNEXPECTED: "a fault of bifente itself, please report it",
    ExitCode.USAGE: "wrong command, option or argument",
    ExitCode.BAD_INPUT: "an input (profile, hexadecimal, official card content, PIN) is not what it should be",
    ExitCode.CARD_FILE: "the card file is missing, exists already, is no card, damaged, half-written or of a newer release",
    ExitCode.CARD_IN_USE: "another process has the card",
    ExitCode.WRONG_PIN: "wrong PIN or PUK; the tries left are said",
    ExitCode.PIN_BLOCKED: "the PIN or PUK is blocked",
    ExitCode.NO_CARD: "no card, the card was removed, the reader is gone or does not answer",
    ExitCode.CARD_REFUSED: "the card refused a command, or its answer is not the expected one",
    ExitCode.RECOGNITION_REFUSED: "the cards do not recognise each other",
    ExitCode.SIGNATURE_INVALID: "a signature or certificate does not verify",
    ExitCode.WRITE_FAILED: "something could not be written (disk full, read-only)",
    ExitCode.NO_PERMISSION: "permission denied",
    ExitCode.NOT_USABLE: "`bifente doctor` found something that cannot work as it is set up here",
    ExitCode.HUNG_UP: "the terminal was closed (SIGHUP)",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C)",
    ExitCode.OUTPUT_CLOSED: "whoever read the output stopped reading",
    ExitCode.TERMINATED: "told to end (SIGTERM)",
}


class CliError(Exception):
    """What only a command can find wrong: bad input, an answer that is not the expected one."""

    def __init__(self, what: str, code: ExitCode = ExitCode.BAD_INPUT, hint: str | None = None) -> None:
        super().__init__(what)
        self.code = code
        self.hint = hint


def quoted(path: object) -> str:
    """A path as a shell takes it, for hints."""
    return shlex.quote(str(path))


class Report(NamedTuple):
    """What is said of an error: one line, perhaps a hint, and the code."""

    what: str
    hint: str | None
    code: ExitCode


_BY_NAME: dict[str, ExitCode] = {
    # What was given
    "ApduError": ExitCode.BAD_INPUT,
    "CodeError": ExitCode.BAD_INPUT,
    "DocumentError": ExitCode.BAD_INPUT,
    "LayoutError": ExitCode.BAD_INPUT,
    "ReaderError": ExitCode.BAD_INPUT,
    "IgcError": ExitCode.BAD_INPUT,
    "FseError": ExitCode.BAD_INPUT,
    "PersoError": ExitCode.BAD_INPUT,
    "TraceError": ExitCode.BAD_INPUT,
    "ConformanceError": ExitCode.BAD_INPUT,
    # The card file
    "StoreError": ExitCode.CARD_FILE,
    "CorruptCard": ExitCode.CARD_FILE,
    "CardInUse": ExitCode.CARD_IN_USE,
    "CardFileForbidden": ExitCode.NO_PERMISSION,
    "CardFileReadOnly": ExitCode.WRITE_FAILED,
    "StoreWriteError": ExitCode.WRITE_FAILED,
    # The card, and the way to it
    "LinkError": ExitCode.NO_CARD,
    "CpsAbsent": ExitCode.NO_CARD,
    "VitaleAbsent": ExitCode.NO_CARD,
    "VitaleRemoved": ExitCode.NO_CARD,
    "ReaderFailed": ExitCode.NO_CARD,
    "TerminalError": ExitCode.CARD_REFUSED,
    "PinMalformed": ExitCode.BAD_INPUT,
    "WrongPin": ExitCode.WRONG_PIN,
    "PinBlocked": ExitCode.PIN_BLOCKED,
    "PukBlocked": ExitCode.PIN_BLOCKED,
    "TestWithReal": ExitCode.RECOGNITION_REFUSED,
    "RecognitionRequired": ExitCode.RECOGNITION_REFUSED,
    # Signatures and certificates
    "CryptoError": ExitCode.SIGNATURE_INVALID,
    "NotIssued": ExitCode.SIGNATURE_INVALID,
    "SheetRefused": ExitCode.SIGNATURE_INVALID,
    "UntrustedCertificate": ExitCode.SIGNATURE_INVALID,
}
"""Name of one of our error classes → code. The most derived class that has a line decides."""

_RIGHTS = "look at the rights of the file and of its folder, or work elsewhere"

_BY_ERRNO: dict[int, tuple[ExitCode, str | None]] = {
    errno.ENOSPC: (ExitCode.WRITE_FAILED, "free some space, then repeat the command"),
    errno.EDQUOT: (ExitCode.WRITE_FAILED, "your quota is used up: free some space, then repeat the command"),
    errno.EROFS: (ExitCode.WRITE_FAILED, "work in a folder that can be written"),
    errno.EIO: (ExitCode.WRITE_FAILED, None),
    errno.EFBIG: (ExitCode.WRITE_FAILED, None),
    errno.EACCES: (ExitCode.NO_PERMISSION, _RIGHTS),
    errno.EPERM: (ExitCode.NO_PERMISSION, _RIGHTS),
}

_BY_KIND: dict[type[OSError], str] = {
    FileNotFoundError: "check the path",
    NotADirectoryError: "check the path",
    IsADirectoryError: "name a file, not a folder",
    FileExistsError: "choose another name, or replace it with --force",
}

_HINTS: dict[ExitCode, str] = {
    ExitCode.UNEXPECTED: "bifente --debug … shows where",
}
"""The hint when the error brings none."""


def classify(error: BaseException) -> Report:
    """The report of an error, whatever it is."""
    if isinstance(error, CliError):
        return Report(str(error), error.hint or _HINTS.get(error.code), error.code)
    if isinstance(error, click.Abort):
        # click turns both into Abort and keeps the cause only as context.
        if isinstance(error.__cause__ or error.__context__, EOFError):
            return Report("the input ended before an answer", "give it as an option instead", ExitCode.USAGE)
        return Report("interrupted", None, ExitCode.INTERRUPTED)
    if isinstance(error, KeyboardInterrupt):
        return Report("interrupted", None, ExitCode.INTERRUPTED)
    if isinstance(error, Terminated):
        return Report(
            str(error), None, ExitCode.HUNG_UP if isinstance(error, HungUp) else ExitCode.TERMINATED
        )
    if isinstance(error, click.ClickException):
        hint = None
        what = " ".join(error.format_message().split())
        if isinstance(error, click.UsageError) and error.ctx is not None:
            hint = f"{error.ctx.command_path} --help"
            what += _meant(what, error.ctx)
        return Report(
            what,
            hint,
            ExitCode(error.exit_code) if error.exit_code == 2 else ExitCode.BAD_INPUT,
        )
    for kind in type(error).__mro__:
        if kind.__module__.partition(".")[0] == "bifente" and kind.__name__ in _BY_NAME:
            code = _BY_NAME[kind.__name__]
            if code is ExitCode.CARD_REFUSED and type(getattr(error, "step", None)).__name__ == "Step":
                code = ExitCode.RECOGNITION_REFUSED  # the step is one of the protocol between the two cards
            ssv_code = getattr(error, "ssv_code", None)
            what = str(error) if ssv_code is None else f"{error} [SSV {ssv_code:04X}]"
            hint = getattr(error, "hint", None) or _HINTS.get(code)
            return Report(what, hint, code)
    if isinstance(error, OSError):
        return _classify_os_error(error)
    return Report(
        f"unexpected {type(error).__name__}: {error}", _HINTS[ExitCode.UNEXPECTED], ExitCode.UNEXPECTED
    )


def _meant(what: str, ctx: click.Context) -> str:
    """The command that was meant, when *what* says that there is none of its name; click does so for options only."""
    wanted = re.fullmatch(r"No such command '(.*)'\.", what)
    if wanted is None or not isinstance(ctx.command, click.Group):
        return ""
    from difflib import get_close_matches

    close = get_close_matches(wanted[1], ctx.command.list_commands(ctx), 1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _classify_os_error(error: OSError) -> Report:
    what = error.strerror or str(error)
    if error.filename is not None:
        what = f"{error.filename}: {what}"
    if error.errno in _BY_ERRNO:
        code, hint = _BY_ERRNO[error.errno]
        return Report(what, hint, code)
    for kind, hint in _BY_KIND.items():
        if isinstance(error, kind):
            return Report(what, hint, ExitCode.BAD_INPUT)
    return Report(what, _HINTS[ExitCode.UNEXPECTED], ExitCode.UNEXPECTED)


def report(error: BaseException, *, debug: bool = False) -> int:
    """Say on stderr what happened and return the exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return ExitCode.USAGE
    what, hint, code = classify(error)
    line = visible("; ".join(part for part in map(str.strip, what.splitlines()) if part))
    try:
        if debug:
            say_text("".join(traceback.format_exception(error)), err=True)
        say(f"bifente: {line}", err=True)
        if hint:
            say(f"hint: {hint}", err=True)
    except BrokenPipeError:
        # Nobody reads it: the code still says what happened. Python flushes once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    return int(code)
