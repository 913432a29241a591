"""Bytes of which some are hidden.

A hidden byte is not there: in its place stands a zero, so that lengths and positions are right.
"""

import re
from binascii import hexlify
from collections.abc import Iterable
from typing import Final, NamedTuple

from bifente.traces.errors import HiddenBytes, TraceError

_STARS: Final = re.compile(r"\*+")
_new: Final = tuple.__new__


_NO_PAIRS: Final = "these are not pairs of hexadecimal digits, or ** for a hidden byte"


class _Fields(NamedTuple):
    shown: bytes
    hidden: tuple[tuple[int, int], ...]


class MaskedBytes(_Fields):
    """A byte string, and which half-open ranges of it are hidden (in order, apart, not empty).

    ``shown`` has zeros where bytes are hidden. In hexadecimal a hidden byte is ``**``. Its length is that of the byte
    string. It is a tuple, as an exchange is one, for a long trace makes millions; by its fields alone it is to be used.
    """

    __slots__ = ()

    def __new__(cls, shown: bytes, hidden: tuple[tuple[int, int], ...] = ()) -> "MaskedBytes":
        """Raises TraceError for ranges that cannot be hidden, or are not."""
        end = -1
        for start, stop in hidden:
            if not end < start < stop <= len(shown):
                raise TraceError("the hidden ranges are not in order, or not inside")
            if any(shown[start:stop]):
                raise TraceError("a hidden byte is still there")
            end = stop
        return _new(cls, (shown, hidden))

    @classmethod
    def hiding(cls, data: bytes, spans: Iterable[tuple[int, int]]) -> "MaskedBytes":
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
            return plain_octets(bytes(data))
        kept = bytearray(data)
        for start, stop in merged:
            kept[start:stop] = bytes(stop - start)
        return _octets(bytes(kept), tuple(merged))

    @classmethod
    def parse(cls, text: str) -> "MaskedBytes":
        """Read hexadecimal with ``**`` for hidden bytes. Raises TraceError."""
        try:
            data = bytes.fromhex(text.replace("*", "0"))
        except ValueError:
            data = b""
        # bytes.fromhex passes over white space; a trace has none.
        if 2 * len(data) != len(text):
            raise TraceError(_NO_PAIRS)
        if "*" not in text:
            return plain_octets(data)
        runs = [found.span() for found in _STARS.finditer(text)]
        if any((start | stop) & 1 for start, stop in runs):
            raise TraceError(_NO_PAIRS)
        return _octets(data, tuple((start // 2, stop // 2) for start, stop in runs))

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
        return self.hexadecimal().decode()

    def hexadecimal(self) -> bytes:
        """The same as bytes, which is what files take."""
        text = hexlify(self.shown).upper()
        for start, stop in self.hidden:
            text = text[: 2 * start] + b"**" * (stop - start) + text[2 * stop :]
        return text

    def matches(self, data: bytes) -> bool:
        """*data* has this length, and these bytes wherever they are not hidden."""
        if not self.hidden:
            return data == self.shown
        if len(data) != len(self.shown):
            return False
        at = 0
        for start, stop in self.hidden:
            if data[at:start] != self.shown[at:start]:
                return False
            at = stop
        return data[at:] == self.shown[at:]

    def __repr__(self) -> str:
        return f"MaskedBytes({self.hex()})"


def joined(first: MaskedBytes, more: MaskedBytes) -> MaskedBytes:
    """*more* behind *first*."""
    size = len(first.shown)
    spans = (*first.hidden, *((start + size, stop + size) for start, stop in more.hidden))
    return MaskedBytes.hiding(first.shown + more.shown, spans)


def plain_octets(data: bytes) -> MaskedBytes:
    """*data*, of which nothing is hidden; without the detour of the constructor, half of reading a trace."""
    return _new(MaskedBytes, (data, ()))


def _octets(shown: bytes, hidden: tuple[tuple[int, int], ...]) -> MaskedBytes:
    """What needs no check, for it was made here."""
    return _new(MaskedBytes, (shown, hidden))
