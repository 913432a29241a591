"""Text as it arrives: what mail, terminals, shells and log daemons have done to it is undone before a format reads it.

UTF-16 and byte order marks (PowerShell's ``>``), CRLF, colour codes (also where the escape character was lost or
written out), the ``> `` of a quoted mail, the entities and hard blanks of a web page, and the prefix that the journal,
syslog or Docker put before each line.
"""

import codecs
import io
import re
from collections.abc import Iterator
from html import unescape
from typing import BinaryIO, Final, cast

from bifente.traces.errors import TraceError
from bifente.traces.files import MAX_LINE

HEAD: Final = 1 << 16
"""How much of a file is looked at in one go to know its format."""

_COLOUR: Final = re.compile(
    r"(?:\x1b|\^\[|#033|\\x1b|\\033|\\e|␛)\[[0-?]{0,20}[ -/]{0,3}[@-~]|\x1b\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)"
    r"|\[(?:0;|1;|01;)?(?:[34]\d)m|\[0?1?m(?![a-zA-Z])|\[0m"
)
_MAY_BE_COLOURED: Final = re.compile(r"\x1b|\[[\d;]{0,8}m")
_STAMP: Final = re.compile(
    r"(?:<\d{1,3}>(?:1 )?)?(?:"
    r"\[ {0,8}\d{1,9}\.\d{3,9}\] "
    r"|(?:\w{2,5}\.?,? )?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?(?: [A-Z]{2,5})? "
    r"|(?:[^\W\d_]{2,5}\.?,? )?(?:[^\W\d_]{3,5}\.? {1,2}\d{1,2}|\d{1,2} [^\W\d_]{3,5}\.?)(?: \d{4})? "
    r"\d\d:\d\d:\d\d(?:\.\d{1,9})? "
    r")[\w.-]{1,64} (?:[\w./@+-]{1,64}(?:\[\d{1,10}\]: ?| \d{1,10} - - )|(?:pcscd|kernel|gpshell|opensc[\w-]{0,20}): )"
    r"|[\w.-]{0,60}[A-Za-z][\w.-]{0,60}[-_]\d{1,3} {1,20}\| "
)
"""Without a process number, only programs that are known: a word before a colon may be the mark of an APDU."""
_QUOTE: Final = re.compile(r"[ \t]{0,12}> ?")
_OF_A_PAGE: Final = re.compile(r"&(?:lt|gt|nbsp|#62|#60);|[\u00a0\u202f\u2009]")
_BLANKS: Final = str.maketrans("\u00a0\u202f\u2009", "   ")
_MOST_QUOTES: Final = 5


def without_colours(text: str) -> str:
    """*text* without the codes by which a terminal changes colours."""
    return _COLOUR.sub("", text) if _MAY_BE_COLOURED.search(text) or "033[" in text else text


def without_stamp(text: str) -> tuple[str, str]:
    """The prefix of a log daemon and what stands behind it."""
    found = _STAMP.match(text)
    return ("", text) if found is None else (found[0], text[found.end() :])


def _encoding(head: bytes) -> str:
    """What the text is encoded in; UTF-8 unless the beginning says otherwise."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16-le" if head.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
    sample = head[: min(len(head), 512) // 2 * 2]
    if len(sample) >= 8:
        for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[0::2])):
            if zeros.count(0) > 0.8 * len(zeros):
                return encoding
    return "utf-8"


def _off_the_page(text: str) -> str:
    """*text* as the page showed it from whose source, or screen, it was copied."""
    return unescape(text).translate(_BLANKS)


def _quotes(text: str) -> int:
    """How often the whole of *text* is quoted."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(text) >= HEAD // 4 and len(lines) > 1:
        lines.pop()  # it may be cut off
    depth = 0
    while lines and depth < _MOST_QUOTES:
        if not all(_QUOTE.match(line) for line in lines if line.strip()):
            break
        lines = [_QUOTE.sub("", line, count=1) for line in lines]
        depth += 1
    return depth


class _Plain(io.RawIOBase):
    """A text as UTF-8 lines without quotes; it can be read forward only. *page* says that a web page showed it."""

    def __init__(self, stream: BinaryIO, encoding: str, quotes: int, *, page: bool) -> None:
        super().__init__()
        self._stream = stream
        self._page = page
        self._quotes = quotes
        self._lines = _wide_lines(stream, encoding) if encoding != "utf-8" else None

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._stream.tell()

    def readline(self, size: int | None = -1, /) -> bytes:
        if self._lines is None:
            line = self._stream.readline(-1 if size is None else size).decode("utf-8", "replace")
        else:
            line = next(self._lines, "")
        if self._page:
            line = _off_the_page(line)
        for _ in range(self._quotes):
            found = _QUOTE.match(line)
            if found is None:
                break
            line = line[found.end() :]
        return line.encode("utf-8", "replace")


def _wide_lines(stream: BinaryIO, encoding: str) -> Iterator[str]:
    """The lines of a text in UTF-16; one that does not end is given in parts, each too long to be taken."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    rest = ""
    while portion := stream.read(HEAD):
        text = rest + decoder.decode(portion).removeprefix("\ufeff")
        *lines, rest = text.split("\n")
        yield from (f"{line}\n" for line in lines)
        if len(rest) > MAX_LINE:
            yield rest
            rest = ""
    if rest := rest + decoder.decode(b"", final=True):
        yield rest


def plain(stream: BinaryIO, *, loose: bool = False) -> BinaryIO:
    """*stream*, which can seek, as lines of UTF-8 that are not quoted.

    It is *stream* itself where nothing has to be done. *loose* also takes the ``>`` from lines of a text that is quoted
    in parts only.
    """
    start = stream.tell()
    head = stream.read(HEAD)
    stream.seek(start)
    encoding = _encoding(head)
    text = head.decode(encoding, "replace")
    page = (
        not text.lstrip().startswith("{") and _OF_A_PAGE.search(text) is not None
    )  # our own form keeps its texts
    quotes = _MOST_QUOTES if loose else _quotes(_off_the_page(text) if page else text)
    if encoding == "utf-8" and not quotes and not page:
        return stream
    return cast("BinaryIO", _Plain(stream, encoding, quotes, page=page))


def tidy(raw: bytes) -> bytes:
    """The lines of the beginning of a text, each without what surrounds it: to know its format by."""
    text = raw.decode("utf-8", "replace").lstrip("\ufeff")
    return "\n".join(without_stamp(without_colours(line))[1].strip() for line in text.splitlines()).encode()


def windows(stream: BinaryIO) -> Iterator[bytes]:
    """Portions of whole lines, of about 64 KiB each. Raises TraceError for a line too long."""
    lines: list[bytes] = []
    size = number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise TraceError("the line is too long", number)
        lines.append(line)
        size += len(line)
        if size >= HEAD:
            yield b"".join(lines)
            lines, size = [], 0
    if lines:
        yield b"".join(lines)
