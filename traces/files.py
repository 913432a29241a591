"""Traces in files: written and read as a stream, an item at a time."""

import io
from collections.abc import Iterator
from itertools import starmap
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType
from typing import BinaryIO, Final, Protocol

from bifente.documents import open_stream
from bifente.documents.writing import check_place, create, draft_beside
from bifente.traces.errors import TraceError
from bifente.traces.model import Item, Trace, TraceHeader, header_line, item_line, parse_header, parse_line

MAX_LINE = 1 << 20
"""Longer lines are not traces: a command and an answer of 65 544 bytes each take a quarter of it."""


FLUSH_AFTER: Final = 0.05
"""Seconds that a line of a recorded trace waits at most before it is in its file."""


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
    """A sink that writes the canonical form to a binary stream, line by line, and flushes each line.

    A file that was created here is flushed beside the dialogue, :data:`FLUSH_AFTER` seconds after a line at the latest:
    a card does not wait for the disk. What cannot be written is raised with the next item, or when it is closed.
    """

    def __init__(self, stream: BinaryIO, header: TraceHeader) -> None:
        self._stream = stream
        self._write = stream.write
        self._lock = Lock()
        self._flusher: _Flusher | None = None
        self._draft: tuple[Path, Path] | None = None
        self._line(header_line(header))

    @classmethod
    def create(cls, path: Path, header: TraceHeader, *, replace: bool = False) -> "TraceWriter":
        """Write to a new file that only its owner may read. Raises FileExistsError, OSError.

        With *replace* it takes the place of a file of that name, with the first item or at the end: what was recorded
        before is kept when nothing comes of the new recording.
        """
        check_place(path, replace=replace)
        draft = draft_beside(path.resolve()) if replace else path
        writer = cls(create(draft), header)
        writer._flusher = _Flusher(writer._stream)
        if replace:
            writer._draft = (draft, path.resolve())
        return writer

    def write(self, item: Item, /) -> None:
        """Write one exchange or event. Raises OSError, perhaps for an earlier one."""
        self._line(item_line(item))

    def _line(self, line: bytes) -> None:
        with self._lock:
            self._write(line)
            if self._draft is not None:
                self._take_place()
            flusher = self._flusher
            if flusher is None:
                self._stream.flush()
            elif not flusher.waiting:
                flusher.written()

    def _take_place(self) -> None:
        """Give the file the name of the one that it replaces."""
        if self._draft is not None:
            (draft, path), self._draft = self._draft, None
            draft.replace(path)

    def close(self) -> None:
        """Close the file, if it was created here. Raises OSError."""
        self._take_place()
        if self._flusher is not None:
            self._flusher.stop()
            self._stream.close()

    def __enter__(self) -> "TraceWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and self._draft is not None:
            draft, self._draft = self._draft[0], None
            draft.unlink(missing_ok=True)
        self.close()


class _Flusher:
    """Flushes a stream from a thread of its own, some time after something was written."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._due = Event()
        self.waiting = False
        """Something was written that is not flushed yet, and will be."""
        self._ended = Event()
        self._error: OSError | None = None
        self._thread: Thread | None = None

    def written(self) -> None:
        """Something waits to be flushed. Raises the OSError of an earlier flush."""
        if self.waiting:
            return
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        if self._thread is None:
            self._thread = Thread(target=self._run, name="bifente-trace", daemon=True)
            self._thread.start()
        self.waiting = True
        self._due.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._due.wait()
            self._ended.wait(FLUSH_AFTER)
            # Before the flush: what is written from now on is a matter of the next one.
            self._due.clear()
            self.waiting = False
            try:
                self._stream.flush()
            except OSError as error:
                self._error = error

    def stop(self) -> None:
        """End the thread; the stream is flushed by whoever closes it."""
        self._ended.set()
        self._due.set()
        if self._thread is not None:
            self._thread.join()


class TraceReader:
    """Reads the canonical form from a binary stream. The header is read at once, the items while iterating.

    Raises TraceError, which names the line, for anything that is not a trace.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._lines = _lines(stream)
        first = next(self._lines, None)
        if first is None:
            raise TraceError("the trace is empty", 1)
        try:
            self.header = parse_header(first[0].decode("ascii"), 1)
        except UnicodeDecodeError:
            raise TraceError("a trace is ASCII", 1) from None

    def __iter__(self) -> Iterator[Item]:
        return starmap(parse_line, self._lines)


def _lines(stream: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """The lines with their ends, each with its number from 1."""
    read = stream.readline
    number = 0
    while raw := read(MAX_LINE + 1):
        number += 1
        if len(raw) > MAX_LINE:
            raise TraceError("the line is too long", number)
        if raw[-1] != 0x0A:
            raise TraceError("the line is cut off", number)
        yield raw, number


def read_trace(source: Path | BinaryIO | bytes) -> Trace:
    """A whole trace. Raises TraceError, OSError; of a path DocumentError too."""
    if isinstance(source, bytes):
        source = io.BytesIO(source)
    if isinstance(source, Path):
        with open_stream(source) as stream:
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
