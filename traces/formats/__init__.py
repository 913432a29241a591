"""The formats of traces: which there are, which one a file is of, and reading and writing in any of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from bifente.traces.errors import TraceError
from bifente.traces.formats.apduplay import ApduPlay
from bifente.traces.formats.base import Format, Source
from bifente.traces.formats.canonical import Canonical
from bifente.traces.formats.clf import Clf
from bifente.traces.formats.dump import Dump
from bifente.traces.formats.gppro import GpPro
from bifente.traces.formats.hexlines import HexLines
from bifente.traces.formats.openscdebug import OpenScDebug
from bifente.traces.formats.packets import PCAP_MAGICS, PCAPNG_MAGIC
from bifente.traces.formats.pcscd import Pcscd
from bifente.traces.formats.spy import PcscSpy

__all__ = [
    "Format",
    "Source",
    "by_name",
    "by_suffix",
    "detect",
    "formats",
    "names",
    "open_trace",
    "read_stream",
]

HEAD = 1 << 16
"""How much of a file is looked at to know its format."""

_TEXTUAL: tuple[Format, ...] = (
    Canonical(),
    Clf(),
    PcscSpy(),
    OpenScDebug(),
    Pcscd(),
    GpPro(),
    ApduPlay(),
    Dump(),
    HexLines(),
)
"""In the order in which they are tried: the vaguest last."""


def formats() -> Sequence[Format]:
    """All of them."""
    from bifente.traces.formats.capture import CAPTURES

    return (*_TEXTUAL, *CAPTURES)


def names() -> list[str]:
    """What ``--to`` takes."""
    return [each.name for each in formats()]


def by_name(name: str) -> Format:
    """The format of that name. Raises TraceError."""
    found = next((each for each in formats() if each.name == name), None)
    if found is None:
        raise TraceError(f"there is no format {name}; there are {', '.join(names())}")
    return found


def by_suffix(path: Path) -> Format | None:
    """The format in which a file of that name is written."""
    ending = path.suffix.lower()
    return next((each for each in formats() if ending and ending in each.suffixes), None)


def detect(head: bytes) -> Format:
    """The format of a file that begins with *head*. Raises TraceError."""
    known = formats() if head[:4] in (PCAPNG_MAGIC, *PCAP_MAGICS) else _TEXTUAL
    found = next((each for each in known if each.recognises(head)), None)
    if found is None:
        what = "the file is empty" if not head else "this is a trace in none of the known formats"
        raise TraceError(what, 1)
    return found


def read_stream(stream: BinaryIO) -> tuple[Format, Source]:
    """Read a trace of any format from a stream that can seek. Raises TraceError."""
    start = stream.tell()
    head = stream.read(HEAD)
    stream.seek(start)
    found = detect(head)
    return found, found.read(stream)


def open_trace(path: Path) -> tuple[Format, Source, BinaryIO]:
    """Open a trace of any format; the stream is the caller's to close. Raises TraceError, OSError."""
    stream = path.open("rb")
    try:
        found, source = read_stream(stream)
    except BaseException:
        stream.close()
        raise
    return found, source, stream
