"""Traces in files: written and read as a stream, an item at a time."""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import BinaryIO, Protocol

from bifente.traces.errors import TraceError
from bifente.traces.model import Item, Trace, TraceHeader, header_line, item_line, parse_header, parse_item

MAX_LINE = 1 << 20
"""Longer lines are no traces: a command and an answer of 65 544 bytes each take a quarter of it."""


class Sink(Protocol):
    """Where a recorder puts what it sees. May be called from several threads."""

    def write(self, item: Item, /) -> None:
        """Take one exchange or event."""


class TraceList:
    """A sink that keeps its items, in order."""

    def __init__(self) -> None:
        self.items: list[Item] = []

    def write(self, item: Item, /) -> None:
        """Append *item*."""
        self.items.append(item)

    def trace(self, header: TraceHeader | None = None) -> Trace:
        """What has been kept so far."""
        return Trace(header or TraceHeader(), tuple(self.items))


class TraceWriter:
    """A sink that writes the canonical form to a binary stream, line by line, and flushes each line."""

    def __init__(self, stream: BinaryIO, header: TraceHeader) -> None:
        self._stream = stream
        self._lock = Lock()
        self._owned = False
        self._line(header_line(header))

    @classmethod
    def create(cls, path: Path, header: TraceHeader) -> "TraceWriter":
        """Write to a new file that only its owner may read. Raises FileExistsError, OSError."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        writer = cls(os.fdopen(descriptor, "wb"), header)
        writer._owned = True
        return writer

    def write(self, item: Item, /) -> None:
        """Write one exchange or event."""
        self._line(item_line(item))

    def _line(self, text: str) -> None:
        with self._lock:
            self._stream.write(text.encode("ascii") + b"\n")
            self._stream.flush()

    def close(self) -> None:
        """Close the file, if it was created here."""
        if self._owned:
            self._stream.close()

    def __enter__(self) -> "TraceWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class TraceReader:
    """Reads the canonical form from a binary stream. The header is read at once, the items while iterating.

    Raises TraceError, which names the line, for anything that is not a trace.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._number = 0
        first = self._next()
        if first is None:
            raise TraceError("the trace is empty", 1)
        self.header = parse_header(first, 1)

    def _next(self) -> str | None:
        raw = self._stream.readline(MAX_LINE + 1)
        if not raw:
            return None
        self._number += 1
        if len(raw) > MAX_LINE:
            raise TraceError("the line is too long", self._number)
        if not raw.endswith(b"\n"):
            raise TraceError("the line is cut off", self._number)
        try:
            return raw.decode("ascii")
        except UnicodeDecodeError:
            raise TraceError("a trace is ASCII", self._number) from None

    def __iter__(self) -> Iterator[Item]:
        while (text := self._next()) is not None:
            yield parse_item(text, self._number)


def read_trace(source: Path | BinaryIO | bytes) -> Trace:
    """A whole trace. Raises TraceError, OSError."""
    if isinstance(source, bytes):
        source = io.BytesIO(source)
    if isinstance(source, Path):
        with source.open("rb") as stream:
            return read_trace(stream)
    reader = TraceReader(source)
    return Trace(reader.header, tuple(reader))


def write_trace(trace: Trace, stream: BinaryIO) -> None:
    """Write a whole trace in the canonical form."""
    writer = TraceWriter(stream, trace.header)
    for item in trace.items:
        writer.write(item)


def trace_bytes(trace: Trace) -> bytes:
    """The canonical form of a whole trace."""
    stream = io.BytesIO()
    write_trace(trace, stream)
    return stream.getvalue()
