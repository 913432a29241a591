"""The canonical form as a format (see ``bifente.traces.model``)."""

from typing import BinaryIO

from bifente.traces.files import TraceReader
from bifente.traces.formats.base import Source
from bifente.traces.model import header_line, item_line


class Canonical:
    """JSON lines; keeps everything."""

    name = "bifente"
    title = "canonical JSON lines"
    suffixes = (".trace", ".jsonl")

    def recognises(self, head: bytes) -> bool:
        """The first key of the first line."""
        return head.lstrip().startswith(b'{"bifente-trace"')

    def read(self, stream: BinaryIO) -> Source:
        """Read a trace. Raises TraceError."""
        reader = TraceReader(stream)
        return Source(reader.header, iter(reader))

    def write(self, source: Source, stream: BinaryIO) -> list[str]:
        """Write a trace; nothing is lost."""
        stream.write(header_line(source.header))
        for item in source.items:
            stream.write(item_line(item))
        return []
