"""Readers, and the PC/SC service, that go and come back."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bifente.reader import TwoSlotReader
from bifente.reader.choose import choose
from bifente.reader.errors import MAX_DOWN
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.reader.pcsclite import PcscServer
    from bifente.workbench.served.control import Question


def change(question: "Question", readers: Sequence[TwoSlotReader], server: "PcscServer | None") -> None:
    """Do what *question* wants done to one of *readers* or to *server*. Raises WorkbenchError, ReaderError."""
    if server is None:
        raise WorkbenchError(
            f"{question['do']} is not for cards behind a system pcscd: its readers and its service are its own",
            "usage.behind-vpcd",
        )
    if question["do"] == "restart":
        server.restart(_seconds(question.get("seconds") or "0"))
        return
    reader = _reader(question.get("reader"), readers)
    if question["do"] == "plug":
        if reader.plugged:
            raise WorkbenchError(f"{_name(reader, readers)} is plugged in already")
        reader.plug()
        return
    if not reader.plugged:
        raise WorkbenchError(f"{_name(reader, readers)} is unplugged already", "no-card.unplugged")
    reader.unplug()


def need_plugged(reader: TwoSlotReader) -> None:
    """Raise WorkbenchError when the reader is unplugged: nothing can be done to its slots."""
    if not reader.plugged:
        raise WorkbenchError(f"reader {reader.name} is unplugged", "no-card.unplugged")


def _reader(wanted: str | None, readers: Sequence[TwoSlotReader]) -> TwoSlotReader:
    if wanted is None:
        if len(readers) == 1:
            return readers[0]
        raise WorkbenchError(f"which of the {len(readers)} readers?", hint="name one by its number, from 1")
    return readers[choose("reader", wanted, reader_names(readers))]


def reader_names(readers: Sequence[TwoSlotReader]) -> list[str]:
    """The names by which readers of one program are told apart: those of one name are numbered, as PC/SC does."""
    if len({reader.name for reader in readers}) == len(readers):
        return [reader.name for reader in readers]
    return [f"{reader.name} {number:02}" for number, reader in enumerate(readers)]


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
        raise WorkbenchError(f"the service can be gone for 0 to {MAX_DOWN:g} seconds, not {text}")
    return seconds
