"""The one edge where errors become a line, a hint and an exit code.

The packages raise; nobody but this module ends the program. An error carries its ``kind``: a family, which has the exit
code, and perhaps what is particular about it (``card-file.missing``). So reporting one imports no package that the
command did not need. What the packages say is about their own matter; which command helps is said here.
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

from bifente.cli.terminated import HungUp, Terminated
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
    POST_FAILED = 15
    HUNG_UP = 129
    INTERRUPTED = 130
    OUTPUT_CLOSED = 141
    TERMINATED = 143


MEANINGS: dict[ExitCode, str] = {
    ExitCode.OK: "done",
    ExitCode.UNEXPECTED: "a fault of bifente itself, please report it",
    ExitCode.USAGE: "wrong command, option or argument",
    ExitCode.BAD_INPUT: "an input (profile, hexadecimal, official card content, PIN) is not what it should be",
    ExitCode.CARD_FILE: "the card file is missing, exists already, is not a card, damaged, half-written or of a newer release",
    ExitCode.CARD_IN_USE: "another process has the card, or writes into the store",
    ExitCode.WRONG_PIN: "wrong PIN or PUK; the tries left are said",
    ExitCode.PIN_BLOCKED: "the PIN or PUK is blocked",
    ExitCode.NO_CARD: "no card, the card was removed, the reader is gone or does not answer",
    ExitCode.CARD_REFUSED: "the card refused a command, or its answer is not the expected one",
    ExitCode.RECOGNITION_REFUSED: "the cards do not recognise each other",
    ExitCode.SIGNATURE_INVALID: "a signature or certificate does not verify",
    ExitCode.WRITE_FAILED: "something could not be written (disk full, read-only)",
    ExitCode.NO_PERMISSION: "permission denied",
    ExitCode.NOT_USABLE: "`bifente doctor` found something that cannot work as it is set up here",
    ExitCode.POST_FAILED: "the post did not take or give a mail: the server is down, not trusted, or refuses",
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


class ErrorReport(NamedTuple):
    """What is said of an error: one line, perhaps a hint, and the code."""

    what: str
    hint: str | None
    code: ExitCode


EXIT_CODES: dict[str, ExitCode] = {
    "input": ExitCode.BAD_INPUT,
    "unavailable": ExitCode.BAD_INPUT,
    "usage": ExitCode.USAGE,
    "card-file": ExitCode.CARD_FILE,
    "card-in-use": ExitCode.CARD_IN_USE,
    "store-in-use": ExitCode.CARD_IN_USE,
    "no-permission": ExitCode.NO_PERMISSION,
    "write-failed": ExitCode.WRITE_FAILED,
    "no-card": ExitCode.NO_CARD,
    "card-refused": ExitCode.CARD_REFUSED,
    "wrong-pin": ExitCode.WRONG_PIN,
    "pin-blocked": ExitCode.PIN_BLOCKED,
    "recognition": ExitCode.RECOGNITION_REFUSED,
    "signature": ExitCode.SIGNATURE_INVALID,
    "post": ExitCode.POST_FAILED,
}
"""The kind of an error, up to its first full stop → code."""

HINTS: dict[str, str] = {
    "input.no-authority": "make one: bifente igc init {directory}",
    "input.no-authority-at-hand": "name the one that issued the cards with --igc DIR",
    "input.other-authority": "name the one that did with --igc DIR",
    "input.other-environment": "make one: bifente igc init DIR --environment {environment}, and give it with --igc DIR",
    "input.no-annuaire": "fill one: bifente annuaire fill X.card, or bifente annuaire import EXTRACT",
    "input.not-listed": "bifente annuaire search finds entries by name",
    "input.nobody-to-encipher-for": "bifente annuaire fill publishes a card's certificates, bifente annuaire mail an address",
    "input.profile": "bifente card profiles lists profiles that may serve as examples",
    "input.unknown-profile": "bifente card profiles lists those that are shipped",
    "input.no-such-file": "bifente card show lists the files",
    "input.no-such-field": "bifente card show --json shows the value",
    "input.file-not-made": "bifente card set takes a whole new one as --json",
    "input.not-groups": "bifente card show says what is there",
    "input.card-kind": "--card KIND says which it is",
    "input.card-kinds": "give as many --card as --reader, or no --card",
    "input.not-professional": "bifente card renew renews a carte Vitale",
    "input.no-serial": "give it with --serial",
    "input.not-a-report": "make one: bifente conform --json-file FILE",
    "input.no-act": "bifente demo --cps gp, or dentist, nurse, pharmacist",
    "input.is-a-card-file": "bifente card show shows it",
    "input.nothing-there": "bifente card show … {file} shows the file",
    "input.b2": "bifente fse b2 check FILE says all that is wrong with a file",
    "input.exists": "or replace it with --force",
    "input.opposed-already": "bifente card oppose {card} --lift takes it off the list first",
    "input.changed-card": "bifente card restore brings it back, bifente card sign has the issuer sign it as it is",
    "input.another-card": "another card takes the place of this one with --force",
    "input.no-caisse": "bifente fse caisse init DIR makes one",
    "input.needs-authority": "bifente igc init DIR --environment P makes one; then --igc DIR",
    "input.no-recipient-certificate": "give it with --to-cert FILE, or publish it: bifente annuaire fill",
    "input.whose-certificate": "say so: --to-cert ADDRESS=FILE",
    "input.plain-mail": "bifente mail sign or encrypt first, or send it with --plain",
    "input.still-enciphered": "bifente mail decrypt opens it",
    "input.not-enciphered": "bifente mail verify says who signed it",
    "input.several-slots": "choose one with --slot",
    "input.another-atr": "leave --atr out",
    "input.server-running": "or serve this one under another name with --as NAME",
    "input.slot-occupied": "bifente reader swap SLOT X.card",
    "input.files-there": "or replace them with --force",
    "input.rights": "or accept it with --accept, and the sheet says so to the caisse",
    "input.no-cabinet": "make one: bifente fse cabinet init DIR, and name it with --cabinet DIR",
    "input.unknown-record": "bifente fse cabinet list shows what there is",
    "input.several-professionals": "choose one with --professional",
    "card-file.exists": "choose another name, or replace it with --force",
    "card-file.damaged": "--force puts the copy in its place",
    "card-file.missing": "or make a card: bifente card create PROFILE -o X.card",
    "usage.behind-vpcd": "serve them without --vpcd",
    "no-permission.passphrase": "the one that igc init --passphrase was given; BIFENTE_IGC_PASSPHRASE may hold it",
    "input.unknown-certificate": "bifente igc list shows what was issued",
    "no-permission.readable": "--ephemeral needs to read the file only",
    "no-card.no-reader": "bifente reader serve CPS.card VITALE.card",
    "no-card.unplugged": "bifente reader plug",
    "no-card.connection-lost": "give the same command again",
    "no-card.unknown-reader": "bifente trace record --reader and bifente conform --reader list the readers there are",
    "no-card.no-service": "or take the export line that bifente reader serve prints",
    "signature.not-issued": "an emulated card is signed anew by bifente card sign",
}
"""Kind → what a command can do about it; said after the hint that the error brings. ``{name}`` is an attribute of it."""

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


def classify(error: BaseException) -> ErrorReport:
    """The report of an error, whatever it is."""
    if isinstance(error, CliError):
        return ErrorReport(str(error), error.hint or _HINTS.get(error.code), error.code)
    if isinstance(error, click.Abort):
        # click turns both into Abort and keeps the cause only as context.
        if isinstance(error.__cause__ or error.__context__, EOFError):
            return ErrorReport(
                "the input ended before an answer", "give it as an option instead", ExitCode.USAGE
            )
        return ErrorReport("interrupted", None, ExitCode.INTERRUPTED)
    if isinstance(error, KeyboardInterrupt):
        return ErrorReport("interrupted", None, ExitCode.INTERRUPTED)
    if isinstance(error, Terminated):
        return ErrorReport(
            str(error), None, ExitCode.HUNG_UP if isinstance(error, HungUp) else ExitCode.TERMINATED
        )
    if isinstance(error, click.ClickException):
        hint = None
        what = " ".join(error.format_message().split())
        if isinstance(error, click.UsageError) and error.ctx is not None:
            hint = f"{error.ctx.command_path} --help"
            what += _meant(what, error.ctx)
        return ErrorReport(
            what,
            hint,
            ExitCode(error.exit_code) if error.exit_code == 2 else ExitCode.BAD_INPUT,
        )
    code = _code_of(error)
    if code is not None:
        ssv_code = getattr(error, "ssv_code", None)
        what = str(error) if ssv_code is None else f"{error} [SSV {ssv_code:04X}]"
        return ErrorReport(what, hint_of(error) or _HINTS.get(code), code)
    if isinstance(error, OSError):
        return _classify_os_error(error)
    return ErrorReport(
        f"unexpected {type(error).__name__}: {error}", _HINTS[ExitCode.UNEXPECTED], ExitCode.UNEXPECTED
    )


def _code_of(error: BaseException) -> ExitCode | None:
    """The code of one of our errors, by its kind; None for those of others."""
    ours = any(base.__module__.partition(".")[0] == "bifente" for base in type(error).__mro__)
    return EXIT_CODES.get(str(getattr(error, "kind", "")).partition(".")[0]) if ours else None


def hint_of(error: BaseException) -> str:
    """What the error says can be done, and what the table says a command can do."""
    own = getattr(error, "hint", None) or ""
    ours = re.sub(
        r"{(\w+)}",
        lambda name: quoted(getattr(error, name[1])),
        HINTS.get(str(getattr(error, "kind", "")), ""),
    )
    between = " " if own.endswith("?") else "; "
    return between.join(part for part in (own, ours) if part)


def _meant(what: str, ctx: click.Context) -> str:
    """The command that was meant, when *what* says that there is none of its name; click does so for options only."""
    wanted = re.fullmatch(r"No such command '(.*)'\.", what)
    if wanted is None or not isinstance(ctx.command, click.Group):
        return ""
    from difflib import get_close_matches

    close = get_close_matches(wanted[1], ctx.command.list_commands(ctx), 1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _classify_os_error(error: OSError) -> ErrorReport:
    what = error.strerror or str(error)
    if error.filename is not None:
        what = f"{error.filename}: {what}"
    if error.errno in _BY_ERRNO:
        code, hint = _BY_ERRNO[error.errno]
        return ErrorReport(what, hint, code)
    for kind, hint in _BY_KIND.items():
        if isinstance(error, kind):
            return ErrorReport(what, hint, ExitCode.BAD_INPUT)
    return ErrorReport(what, _HINTS[ExitCode.UNEXPECTED], ExitCode.UNEXPECTED)


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
