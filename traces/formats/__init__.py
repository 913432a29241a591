"""The formats of traces: which there are, which one a file is of, and reading and writing in any of them."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import BinaryIO

from bifente.documents import open_stream
from bifente.traces.errors import TraceError
from bifente.traces.formats.base import Format, ReadOnly, Source
from bifente.traces.formats.canonical import Canonical
from bifente.traces.formats.captures.packets import PCAP_MAGICS, PCAPNG_MAGIC
from bifente.traces.formats.hexlines import HexLines
from bifente.traces.formats.intake import plain, tidy, windows
from bifente.traces.formats.logs.apduplay import ApduPlay
from bifente.traces.formats.logs.clf import Clf
from bifente.traces.formats.logs.dump import Dump
from bifente.traces.formats.logs.freerdp import FreeRdp
from bifente.traces.formats.logs.gppro import GpPro
from bifente.traces.formats.logs.libcacard import Libcacard
from bifente.traces.formats.logs.openscdebug import OpenScDebug
from bifente.traces.formats.logs.pcscd import Pcscd
from bifente.traces.formats.logs.spy import PcscSpy

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

_TEXTUAL: tuple[Format, ...] = (
    Canonical(),
    Clf(),
    PcscSpy(),
    FreeRdp(),
    Libcacard(),
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
    from bifente.traces.formats.captures.capture import CAPTURES

    return (*_TEXTUAL, *CAPTURES)


def names() -> list[str]:
    """What ``--to`` takes."""
    return [each.name for each in formats() if not isinstance(each, ReadOnly)]


def by_name(name: str) -> Format:
    """The format of that name. Raises TraceError."""
    found = next((each for each in formats() if each.name == name and name in names()), None)
    if found is None:
        close = get_close_matches(name.casefold(), names(), 1)
        read_only = any(each.name == name for each in formats())
        why = f"the format {name} is read only" if read_only else f"there is no format {name!r}"
        raise TraceError(
            f"{why}; those that are written are {', '.join(names())}",
            hint=f"did you mean {close[0]}?" if close else None,
        )
    return found


def by_suffix(path: Path) -> Format | None:
    """The format in which a file of that name is written."""
    ending = path.suffix.lower()
    return next((each for each in formats() if ending and ending in each.suffixes), None)


def detect(head: bytes) -> Format:
    """The format of a file that begins with *head*. Raises TraceError."""
    found = _recognised(head)
    if found is None:
        what = "the file is empty" if not head else "this is a trace in none of the known formats"
        raise TraceError(what, 1)
    return found


def _recognised(portion: bytes) -> Format | None:
    if portion[:4] in (PCAPNG_MAGIC, *PCAP_MAGICS):
        return next((each for each in formats() if each.recognises(portion)), None)
    text = tidy(portion)
    return next((each for each in _TEXTUAL if each.recognises(text)), None)


def read_stream(stream: BinaryIO) -> tuple[Format, Source]:
    """Read a trace of any format from a stream that can seek. Raises TraceError.

    Its format is known by the first portion of it that says something: a log may begin with much else.
    """
    start = stream.tell()
    magic = stream.read(4)
    stream.seek(start)
    if magic in (PCAPNG_MAGIC, *PCAP_MAGICS):
        found = detect(magic)
        return found, found.read(stream)
    quoted = False
    for loose in (False, True):
        for portion in windows(plain(stream, loose=loose)):
            recognised = _recognised(portion)
            if recognised is not None:
                stream.seek(start)
                return recognised, recognised.read(plain(stream, loose=loose))
            quoted = quoted or b">" in portion
        stream.seek(start)
        if not quoted:
            break
    raise TraceError("the file is empty" if not magic else "this is a trace in none of the known formats", 1)


def open_trace(path: Path) -> tuple[Format, Source, BinaryIO]:
    """Open a trace of any format; the stream is the caller's to close. Raises TraceError, DocumentError, OSError."""
    stream = open_stream(path)
    try:
        found, source = read_stream(stream)
    except BaseException:
        stream.close()
        raise
    return found, source, stream
