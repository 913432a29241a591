"""Bytes as people leave them in logs: hexadecimal with all kinds of separators, and what they have made unreadable.

``00 A4``, ``00:A4``, ``0x00, 0xA4`` and ``00A4`` are the same. ``XX``, ``xx``, ``..``, ``??`` and ``**`` each stand
for one byte, ``[redacted]`` and the like for as many as are missing.
"""

import re
from collections.abc import Iterable
from typing import Final

from bifente.traces.errors import TraceError
from bifente.traces.maskedbytes import MaskedBytes

_WORD: Final = (
    r"redact|mask|hidden|hid|remov|censor|secret|pin|puk|code|cut|snip|omit|strip|private|anonym|delet|erase|byte"
    r"|masqu|supprim|caviard|cach|efface|\.\.\.|…|[xX]{2}|\*\*"
)
_TOKEN: Final = re.compile(
    r"(?P<gap>[ \t:,;]+|-(?=[0-9A-Fa-fXx*]))"
    r"|(?:0[xX])?(?P<hex>(?:[0-9A-Fa-f]{2})+)(?:[hH](?=\W|$))?"
    r"|(?:0[xX](?=[Xx*]))?(?P<masked>(?:[Xx]{2}|\*\*|\?\?|##|__|••|██)+)"
    r"|(?P<part>[0-9A-Fa-f][Xx*?]|[Xx*?][0-9A-Fa-f])"
    r"|(?P<dots>\.{2,})"
    rf"|(?P<cut>[\[<(](?=[^\[\]<>()]{{0,60}}?(?i:{_WORD}))[^\[\]<>()]{{1,80}}[\]>)]"
    rf"|…|(?i:redacted|masked|hidden|removed|censored|secret|pin))"
)
_PLAIN: Final = re.compile(r"(?:[0-9A-Fa-f]{2} ?)*")
_COUNT: Final = re.compile(r"(\d{1,5}) ?(?:bytes?|masked_bytes?)\b")


class WrittenBytes:
    """What a text says: bytes with some hidden, and perhaps one place where an unknown number of them is missing."""

    __slots__ = ("_hidden", "_shown", "cut")

    def __init__(self, text: str) -> None:
        """Raises TraceError when *text* is something else than bytes."""
        self._shown = bytearray()
        self._hidden: list[tuple[int, int]] = []
        self.cut: int | None = None
        """Behind so many bytes, an unknown number is missing."""
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise TraceError("these are not pairs of hexadecimal digits")
            at = found.end()
            self._take(found)

    def _take(self, found: re.Match[str]) -> None:
        if (digits := found["hex"]) is not None:
            self._shown += bytes.fromhex(digits)
        elif found["part"] is not None:
            self._hide(1)
        elif (masked := found["masked"]) is not None:
            self._hide(len(masked) // 2)
        elif (dots := found["dots"]) is not None and len(dots) % 2 == 0:
            self._hide(len(dots) // 2)
        elif dots is not None or found["cut"] is not None:
            count = _COUNT.search(found[0])
            if count is not None:
                self._hide(int(count[1]))
            elif self.cut is None:
                self.cut = len(self._shown)
            else:
                raise TraceError("more than one part is missing")

    def _hide(self, count: int) -> None:
        self._hidden.append((len(self._shown), len(self._shown) + count))
        self._shown += bytes(count)

    def __len__(self) -> int:
        return len(self._shown)

    def masked_bytes(self, missing: int = 0) -> MaskedBytes:
        """The bytes; *missing* of them are hidden where some have been cut out."""
        if not self._hidden and not missing:
            return MaskedBytes(bytes(self._shown))
        shown, hidden = self._shown, self._hidden
        if missing and self.cut is not None:
            cut = self.cut
            shown = shown[:cut] + bytes(missing) + shown[cut:]
            moved = [
                (start + missing, stop + missing) if start >= cut else (start, stop) for start, stop in hidden
            ]
            hidden = [*moved, (cut, cut + missing)]
        return MaskedBytes.hiding(bytes(shown), hidden)

    def command(self) -> MaskedBytes:
        """The bytes of a command; how many are missing follows from Lc, and is one where even that is."""
        missing = 0
        if self.cut is not None:
            lc = self._shown[4] if self.cut >= 5 else 0
            behind = len(self._shown) - self.cut
            missing = max(5 + lc - self.cut - (behind if behind > 1 else 0), 1)
        return self.masked_bytes(missing)


BARE_ROW: Final = re.compile(r"\s*(?:(?:[0-9A-Fa-f]{2}|XX|xx|\*\*)(?:\s+|$))+")
"""Bytes alone on a line: what mail or a narrow window has wrapped."""


def masked_bytes_of(text: str, number: int, what: str, size: int | None = None) -> MaskedBytes:
    """Bytes from a line; *size* says how many they have to be when some are cut out. Raises TraceError."""
    text = text.strip()
    if _PLAIN.fullmatch(text):
        return MaskedBytes(bytes.fromhex(text))
    try:
        written = WrittenBytes(text)
    except TraceError as error:
        raise TraceError(f"{what}: {error}", number) from None
    if written.cut is None:
        return written.masked_bytes()
    if size is not None:
        return written.masked_bytes(max(size - len(written), 0))
    return written.command() if what == "command" else written.masked_bytes(1)


def together(parts: Iterable[MaskedBytes]) -> MaskedBytes:
    """One byte string of several."""
    shown, hidden = bytearray(), []
    for part in parts:
        hidden += [(len(shown) + start, len(shown) + stop) for start, stop in part.hidden]
        shown += part.shown
    return MaskedBytes.hiding(bytes(shown), hidden)
