"""``bifente reader unplug``, ``plug`` and ``restart``: readers, and the service, that go and come back."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bifente.cli.errors import CliError, ExitCode
from bifente.reader import TwoSlotReader
from bifente.reader.errors import MAX_DOWN

if TYPE_CHECKING:
    from bifente.reader.pcsclite import PcscServer
    from bifente.workbench.control import Question


def change(question: "Question", readers: Sequence[TwoSlotReader], server: "PcscServer | None") -> None:
    """Do what *question* wants done to one of *readers* or to *server*. Raises CliError."""
    if server is None:
        raise CliError(
            f"{question['do']} is not for cards behind a system pcscd: its readers and its service are its own",
            ExitCode.USAGE,
            hint="serve them without --vpcd",
        )
    if question["do"] == "restart":
        server.restart(_seconds(question.get("seconds") or "0"))
        return
    reader = _reader(question.get("reader"), readers)
    if question["do"] == "plug":
        if reader.plugged:
            raise CliError(f"{_name(reader, readers)} is plugged in already")
        reader.plug()
        return
    if not reader.plugged:
        raise CliError(
            f"{_name(reader, readers)} is unplugged already", ExitCode.NO_CARD, hint="bifente reader plug"
        )
    reader.unplug()


def need_plugged(reader: TwoSlotReader) -> None:
    """Raise CliError when the reader is unplugged: nothing can be done to its slots."""
    if not reader.plugged:
        raise CliError(f"reader {reader.name} is unplugged", ExitCode.NO_CARD, hint="bifente reader plug")


def _reader(wanted: str | None, readers: Sequence[TwoSlotReader]) -> TwoSlotReader:
    if wanted is None:
        if len(readers) == 1:
            return readers[0]
        raise CliError(f"which of the {len(readers)} readers?", hint="name one by its number, from 1")
    if wanted.isascii() and wanted.isdecimal() and 1 <= int(wanted) <= len(readers):
        return readers[int(wanted) - 1]
    raise CliError(f"no reader {wanted}", hint=f"readers are numbered 1 to {len(readers)}")


def _name(reader: TwoSlotReader, readers: Sequence[TwoSlotReader]) -> str:
    if len(readers) == 1:
        return "the reader"
    return f"reader {[id(one) for one in readers].index(id(reader)) + 1}"


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= MAX_DOWN:
        raise CliError(f"the service can be gone for 0 to {MAX_DOWN:g} seconds, not {text}")
    return seconds
