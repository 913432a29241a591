"""Bytes of which some are hidden.

A hidden byte is not there: in its place stands a zero, so that lengths and positions are right.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bifente.traces.errors import HiddenBytes, TraceError

_TEXT: Final = re.compile(r"(?:[0-9A-Fa-f]{2}|\*\*)*")
_RUN: Final = re.compile(r"(?:\*\*)+")


@dataclass(frozen=True, slots=True, repr=False)
class Octets:
    """A byte string, and which half-open ranges of it are hidden (in order, apart, not empty).

    ``shown`` has zeros where bytes are hidden. In hexadecimal a hidden byte is ``**``.
    """

    shown: bytes
    hidden: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        end = -1
        for start, stop in self.hidden:
            if not end < start < stop <= len(self.shown):
                raise TraceError("the hidden ranges are not in order, or not inside")
            if any(self.shown[start:stop]):
                raise TraceError("a hidden byte is still there")
            end = stop

    @classmethod
    def hiding(cls, data: bytes, spans: Iterable[tuple[int, int]]) -> "Octets":
        """*data* without the bytes in *spans*, which may be in any order, overlap, or reach outside."""
        cut = sorted((max(start, 0), min(stop, len(data))) for start, stop in spans)
        merged: list[tuple[int, int]] = []
        for start, stop in cut:
            if stop <= start:
                continue
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
            else:
                merged.append((start, stop))
        if not merged:
            return cls(bytes(data))
        kept = bytearray(data)
        for start, stop in merged:
            kept[start:stop] = bytes(stop - start)
        return cls(bytes(kept), tuple(merged))

    @classmethod
    def parse(cls, text: str) -> "Octets":
        """Read hexadecimal with ``**`` for hidden bytes. Raises TraceError."""
        if "*" not in text:
            try:
                plain = bytes.fromhex(text)
            except ValueError:
                plain = b""
            # bytes.fromhex passes over white space; a trace has none.
            if 2 * len(plain) != len(text):
                raise TraceError("these are not pairs of hexadecimal digits")
            return cls(plain)
        if not _TEXT.fullmatch(text):
            raise TraceError("these are not pairs of hexadecimal digits or **")
        hidden = [(run.start() // 2, run.end() // 2) for run in _RUN.finditer(text)]
        return cls(bytes.fromhex(text.replace("*", "0")), tuple(hidden))

    def __len__(self) -> int:
        return len(self.shown)

    @property
    def masked(self) -> bool:
        """Some byte is hidden."""
        return bool(self.hidden)

    @property
    def plain(self) -> bytes:
        """The bytes. Raises HiddenBytes when some are hidden."""
        if self.hidden:
            raise HiddenBytes
        return self.shown

    def hides(self, start: int, stop: int) -> bool:
        """Some byte of that range is hidden."""
        return any(first < stop and start < last for first, last in self.hidden)

    def hex(self) -> str:
        """Upper-case hexadecimal with ``**`` for each hidden byte."""
        text = self.shown.hex().upper()
        for start, stop in self.hidden:
            text = text[: 2 * start] + "**" * (stop - start) + text[2 * stop :]
        return text

    def matches(self, data: bytes) -> bool:
        """*data* has this length, and these bytes wherever they are not hidden."""
        return len(data) == len(self.shown) and Octets.hiding(data, self.hidden).shown == self.shown

    def __repr__(self) -> str:
        return f"Octets({self.hex()})"
