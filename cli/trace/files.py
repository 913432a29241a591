"""How the commands of ``bifente trace`` read and write traces: any format in, none kept in memory, nothing half-written."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from bifente.cli.errors import CliError
from bifente.cli.options import PATH, complete_slot
from bifente.cli.progress import Told, progress
from bifente.cli.visible import say
from bifente.documents import copy_of, open_stream, writing
from bifente.documents.reading import LONGEST_STREAM

if TYPE_CHECKING:
    from bifente.traces import Item, Trace
    from bifente.traces.formats import Format, Source


def _read_atr(ctx: click.Context, param: click.Parameter, value: str | None) -> bytes | None:
    """An ATR in hexadecimal, however its bytes are set apart."""
    from bifente.apdu.errors import ApduError
    from bifente.apdu.reset.atr import MAX_SIZE, ReadAtr
    from bifente.cli.apdu.notation import parse_written

    if value is None:
        return None
    try:
        raw = ReadAtr.of(parse_written(value, "ATR")).raw
    except ApduError as error:
        raise click.BadParameter(str(error), ctx, param) from None
    if len(raw) > MAX_SIZE:
        raise click.BadParameter(f"an ATR has at most {MAX_SIZE} bytes, this one {len(raw)}", ctx, param)
    return raw


TRACE = click.argument("trace", metavar="TRACE", type=PATH)
OUT = click.option(
    "-o", "--out", "output", required=True, metavar="OUT", type=PATH, help="The file to make (mode 600)."
)
SLOT = click.option(
    "--slot",
    metavar="SLOT",
    shell_complete=complete_slot,
    help="Only the card in this slot: its name, a part of it, or its number.",
)
ATR = click.option(
    "--atr", metavar="HEX", callback=_read_atr, help="The card's ATR, where TRACE does not tell it."
)
UNMASK = click.option(
    "--unmask", is_flag=True, help="Keep PINs, PUKs, keys and deciphered data where they stand."
)
_EVERY = 2000


@contextmanager
def reading(path: Path, what: str | None, slot: str | None = None) -> "Iterator[tuple[Format, Source]]":
    """Open a trace; ``-`` is the standard input. With *slot*, only the items of the card in that one.

    A bar on stderr says *what* is being done while the items are taken; None for the second trace of two. Raises
    ReaderError for a slot that the trace does not have, before anything else is done with it. At the end, what was not
    understood is said on stderr.
    """
    from bifente.traces import formats

    bar = progress(what) if what is not None else nullcontext()
    name = "the standard input" if str(path) == "-" else str(path)
    with _opened(path) as stream, bar as told:
        with _naming(name):
            only = None if slot is None else _slot_called(slot, stream)
            kind, source = formats.read_stream(stream)
        source.items = _named(source.items, name)
        if told is not None:
            source.items = _counted(source.items, stream, _size(stream), told)
        if only is not None:
            source.items = (item for item in source.items if item.slot == only)
        yield kind, source
    note([f"{name}: {line}" for line in source.unread.notices()])


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """What is wrong with a trace is said with its name: there may be two of them."""
    from bifente.traces.errors import TraceError

    try:
        yield
    except TraceError as error:
        error.name_file(name)
        raise


def _named(items: "Iterator[Item]", name: str) -> "Iterator[Item]":
    with _naming(name):
        yield from items


def _slot_called(wanted: str, stream: BinaryIO) -> str:
    """The slot of the trace that is meant: its items are read once for the names, of which there are few."""
    from bifente.reader.choose import choose
    from bifente.traces import formats

    _, source = formats.read_stream(stream)
    names = list(dict.fromkeys(item.slot for item in source.items))
    stream.seek(0)
    return names[choose("slot", wanted, names)]


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    # Detection reads the beginning twice, so a pipe is kept in a file.
    if str(path) == "-":
        opened = copy_of(
            iter(partial(sys.stdin.buffer.read, 1 << 20), b""), "the standard input", LONGEST_STREAM
        )
    else:
        opened = open_stream(path)
    with opened as stream:
        yield stream


def _size(stream: BinaryIO) -> int:
    return os.fstat(stream.fileno()).st_size


def _counted(items: "Iterator[Item]", stream: BinaryIO, size: int, told: Told) -> "Iterator[Item]":
    for number, item in enumerate(items):
        if number % _EVERY == 0:
            told(min(stream.tell(), size), size, f"{number} items")
        yield item


def whole(path: Path, what: str, slot: str | None = None, atr: bytes | None = None) -> "Trace":
    """A trace of one card in memory, only *slot* of it when one is named (``bifente.workbench.recorded``)."""
    from bifente.workbench.recorded import of_one_card

    with reading(path, what, slot) as (_, source):
        return of_one_card(source.header, tuple(source.items), atr)


def output_format(path: Path, name: str | None, fallback: "Format | None" = None) -> "Format":
    """The format to write: by its name, by the ending of the file, else *fallback*."""
    from bifente.traces import formats

    if name is not None:
        return formats.by_name(name)
    found = formats.by_suffix(path) or fallback
    if found is None:
        raise CliError(f"{path}: no format has this ending", hint=f"--to {'|'.join(formats.names())}")
    return found


def write(kind: "Format", source: "Source", path: Path, *, force: bool = False) -> list[str]:
    """Write a trace to a new file of mode 600 that appears when it is whole, or to the standard output (``-``).

    Returns what the format could not keep.
    """
    if str(path) == "-":
        losses = kind.write(source, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return losses
    with writing(path, replace=force) as stream:
        return kind.write(source, stream)


SKIP_PERSONAL = click.option(
    "--skip-personal",
    is_flag=True,
    help="Do not compare what cards say of a person, as where a trace says that it holds pseudonyms.",
)


def uncompared_line(count: int) -> str:
    """What a comparison has left out."""
    return f"not compared: what cards say of a person, replaced by pseudonyms when it was recorded: {count} exchanges"


def note(lines: list[str]) -> None:
    """Something to know, on stderr."""
    for line in lines:
        say(f"note: {line}", err=True)
