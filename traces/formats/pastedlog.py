"""The reader of pasted logs, whatever program they are of: puts commands and answers together from marked lines.

A command that is followed by another one is an exchange without an answer. Rows without a mark continue the line above
while it is not complete: its announced number of bytes is not reached, or it has full rows of sixteen only. In a log
without any marks, command and answer come in turn.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.link import TransmissionProtocol
from bifente.traces.errors import TraceError
from bifente.traces.formats.base import T0, T1, DayClock, Parser, atr_of, level_of
from bifente.traces.formats.pasted import Marked, atr, marked, row
from bifente.traces.formats.written import together
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, Item, ReaderEvent

_TIME: Final = re.compile(r"(?:^|\D)(\d\d):(\d\d):(\d\d)(?:[.,:](\d{1,9}))?(?:\D|$)")
_TOOK: Final = re.compile(r"[(\[ ](\d{1,9})(?:[.,](\d{1,3})\d*)? ?ms\b")
_SPEAKS: Final = re.compile(r"\s*Using T=([01]) protocol\s*")
_READER: Final = re.compile(
    r"\s*(?:Using reader with a card:|No reader given: using|Using given card reader:|connecting to|Reader:) +(\S.*)"
)
_DECORATION: Final = re.compile(
    r"\s*(?:(?:```|~~~|---|===|\*\*\*).*|\[?(?:\.\.\.|…|snip)\]?|exit|reset|(?:> |-- )reset"
    r"|(?:disconnecting|reconnecting).*|Reading commands from STDIN|Using given file: .*|Using .*"
    r"|Trying T=[01] protocol|Waiting for a card.*|[+#*=-]+)?\s*",
    re.IGNORECASE,
)
_WRAPPED: Final = frozenset({"wrapped", "encrypted", "secured", "extended", "chained", "raw"})
_ASIDE: Final = frozenset({"unwrapped", "un wrapped", "plain", "hw"})
_STATUS: Final = ("sw", "status", "word")
_FULL: Final = 16


def is_pasted(text: str) -> bool:
    """*text* has a marked command, or a command and its answer, or begins with hexadecimal."""
    first = True
    announced: Marked | None = None
    before: MaskedBytes | None = None
    for line in text.splitlines():
        if not line.strip() or _SPEAKS.match(line) or _READER.match(line):
            continue
        if line.lstrip().startswith("#"):
            if atr(line) is not None:
                return True
            continue
        found = marked(line)
        if found is not None and _tells(found):
            return True
        masked_bytes = row(line) if found is None else None
        if (
            masked_bytes is not None
            and announced is not None
            and _tells(replace(announced, masked_bytes=masked_bytes))
        ):
            return True
        announced = found
        if masked_bytes is not None and first and len(masked_bytes) >= 2:
            return True
        if (
            masked_bytes is not None
            and before is not None
            and _is_command(before)
            and _is_answer(masked_bytes)
        ):
            return True
        first, before = False, masked_bytes
    return False


def _tells(found: Marked) -> bool:
    """A mark that is not an accident: behind it, or announced below it, are the bytes of a command or an answer."""
    if found.masked_bytes is None:
        return found.count is not None
    return len(found.masked_bytes) >= 4 if found.sends else _is_answer(found.masked_bytes)


def _is_answer(masked_bytes: MaskedBytes) -> bool:
    """It ends in a status word, as far as that can be seen."""
    size = len(masked_bytes)
    return size >= 2 and (masked_bytes.hides(size - 2, size) or masked_bytes.shown[-2] >> 4 in (6, 9))


def _is_command(masked_bytes: MaskedBytes) -> bool:
    """It is well-formed, and neither its class nor its instruction is one that there cannot be.

    ISO/IEC 7816-4:2020 §5.4.1 and §5.4.2: FF is not a class, 6x and 9x are not instructions.
    """
    if masked_bytes.shown[:1] == b"\xff" or (
        masked_bytes.shown[1:2] and masked_bytes.shown[1] >> 4 in (6, 9)
    ):
        return False
    try:
        CommandAPDU.parse(masked_bytes.shown)
    except ApduError:
        return False
    return True


class _Half:
    """A command or an answer as it comes in."""

    __slots__ = ("bare", "began", "grows", "kind", "missing", "number", "rows", "status", "took", "word")

    def __init__(self, found: Marked, number: int, began: int) -> None:
        self.number = number
        self.began = began
        self.kind = found.kind
        self.word = found.word
        self.bare = False
        self.took = 0
        self.status = found.status
        self.rows = [] if found.masked_bytes is None else [found.masked_bytes]
        size = 0 if found.masked_bytes is None else len(found.masked_bytes)
        self.missing = None if found.count is None else found.count - size
        full = found.masked_bytes is None or (size > 0 and size % _FULL == 0 and not found.ended)
        self.grows = self.missing > 0 if self.missing is not None else full

    def take(self, masked_bytes: MaskedBytes, *, ended: bool) -> bool:
        """A row below; False when it does not belong here."""
        if not self.grows:
            return False
        self.rows.append(masked_bytes)
        if self.missing is not None:
            self.missing -= len(masked_bytes)
            self.grows = self.missing > 0
        else:
            self.grows = len(masked_bytes) % _FULL == 0 and not ended
        return True

    @property
    def masked_bytes(self) -> MaskedBytes:
        """The whole."""
        if len(self.rows) == 1 and not self.status:
            return self.rows[0]
        return together((*self.rows, MaskedBytes(self.status)))


class PastedLog(Parser):
    """Reads lines in which commands and answers are marked, or come in turn."""

    title = "log of hexadecimal lines"
    lacking = "no line is a command"

    def __init__(self) -> None:
        super().__init__()
        self._asked: _Half | None = None
        self._said: _Half | None = None
        self._marks = False
        self._repeated: list[tuple[int, MaskedBytes]] = []
        """Lines without a mark in a log that has marks: a program may repeat its input."""
        self._clock = DayClock()
        self._now = 0
        self._atr = b""

    def line(self, text: str, number: int) -> Iterator[Item]:
        if text.lstrip().startswith("#"):
            if (told := atr(text)) is not None:
                yield from self._reset(told, number)
            return
        found = marked(text)
        if found is None:
            yield from self._unmarked(text, number)
            return
        before = self.stamp or text[: found.start]
        if before and (time := _TIME.search(before)) is not None:
            self._now = self._clock.at(*time.groups())
        self._marks = True
        if found.sends:
            yield from self._sent(found, number)
        else:
            yield from self._received(found, text, number)
        if found.then is not None:
            yield from self._received(found.then, text, number)

    def _sent(self, found: Marked, number: int) -> Iterator[Item]:
        yield from self._answered()
        before, self._asked = self._asked, _Half(found, number, self._now)
        if before is not None and before.bare:
            self._repeated.append((before.number, before.masked_bytes))
        elif before is not None and found.kind not in _WRAPPED:
            yield self._exchange(before, MaskedBytes(b""))
        self._check_repeated(found.masked_bytes)

    def _received(self, found: Marked, text: str, number: int) -> Iterator[Item]:
        if self._said is not None and self._takes_status(self._said, found):
            return
        if found.kind in _ASIDE and (self._said is not None or self._asked is None):
            return
        yield from self._answered()
        if self._asked is None:
            raise TraceError("an answer without a command", number)
        self._said = half = _Half(found, number, self._now)
        if (took := _TOOK.search(text)) is not None:
            half.took = 1000 * int(took[1]) + int((took[2] or "").ljust(3, "0"))
        if not half.grows and (found.ended or found.status or found.word in ("<", "<<", "<-")):
            yield from self._answered()

    @staticmethod
    def _takes_status(said: _Half, found: Marked) -> bool:
        """A status word in a line of its own, behind the data of the answer or as its repetition."""
        masked_bytes = found.masked_bytes
        if masked_bytes is None or len(masked_bytes) != 2 or not found.word.endswith(_STATUS):
            return False
        if said.masked_bytes.shown[-2:] != masked_bytes.shown or said.word.endswith("data"):
            said.status += masked_bytes.shown
        return True

    def _answered(self) -> Iterator[Item]:
        """The answer is complete, if there was one."""
        said, self._said = self._said, None
        if said is None:
            return
        asked, self._asked = self._asked, None
        answer = said.masked_bytes
        if len(answer) == 1:
            self.unread.add(said.number, "an answer has at least 2 bytes, this one 1")
            answer = MaskedBytes(b"")
        if said.missing is not None and said.missing > 0:
            self.unread.add(said.number, f"{said.missing} bytes of the answer are missing")
        if asked is not None:
            yield self._exchange(asked, answer, said.took or max(said.began - asked.began, 0))

    def _exchange(self, asked: _Half, answer: MaskedBytes, took: int = 0) -> Exchange:
        command = asked.masked_bytes
        if not len(command):
            raise TraceError("no bytes stand behind this mark or below it", asked.number)
        self._atr = b""
        return Exchange(command, answer, asked.began, took, "", level_of(self.header.protocol))

    def _unmarked(self, text: str, number: int) -> Iterator[Item]:
        if (told := atr(text)) is not None:
            if bytes.fromhex(told) != self._atr or "OK:" in text:  # pcsc_scan, for one, tells it twice
                yield from self._reset(told, number)
            return
        masked_bytes = row(text)
        half = self._said or self._asked
        if masked_bytes is not None and half is not None and half.take(masked_bytes, ended=" : " in text):
            return
        if masked_bytes is not None and len(masked_bytes):
            yield from self._answered()
            if self._marks:
                self._repeated.append((number, masked_bytes))
            else:
                yield from self._in_turn(masked_bytes, number)
        elif text.strip():
            yield from self._prose(text, number)

    def _prose(self, text: str, number: int) -> Iterator[Item]:
        yield from self._answered()
        if (speaks := _SPEAKS.fullmatch(text)) is not None:
            self._change(protocol=T0 if speaks[1] == "0" else T1)
        elif (reader := _READER.fullmatch(text)) is not None:
            self._change(reader=reader[1].strip())
        elif not _DECORATION.fullmatch(text):
            raise TraceError("this is neither a command nor an answer", number)

    def _in_turn(self, masked_bytes: MaskedBytes, number: int) -> Iterator[Item]:
        """A line without a mark in a log without marks."""
        asked, self._asked = self._asked, None
        if asked is not None and (_is_answer(masked_bytes) or not _is_command(masked_bytes)):
            if len(masked_bytes) < 2:
                self._asked = asked
                raise TraceError(f"an answer has at least 2 bytes, this one {len(masked_bytes)}", number)
            yield self._exchange(asked, masked_bytes)
            return
        if asked is not None:
            yield self._exchange(asked, MaskedBytes(b""))
        elif len(masked_bytes) < 4 and _is_answer(masked_bytes):
            raise TraceError("an answer without a command", number)
        self._asked = _Half(Marked(True, "", "", masked_bytes, len(masked_bytes)), number, 0)
        self._asked.bare = True

    def _check_repeated(self, command: MaskedBytes | None) -> None:
        """Lines that were repeated before the command that they make are not lost."""
        repeated, self._repeated = self._repeated, []
        if repeated and (
            command is None or together(masked_bytes for _, masked_bytes in repeated) != command
        ):
            for number, _ in repeated:
                self.unread.add(number, "it has no mark and continues no line")

    def _reset(self, told: str, number: int) -> Iterator[Item]:
        yield from self._answered()
        known = atr_of(told, number)
        first = self.header.atr is None
        self._atr = known
        if first:
            self.header = replace(self.header, atr=known)
        yield ReaderEvent(EventKind.COLD_RESET if first else EventKind.WARM_RESET, self._now, "", known)

    def _change(self, *, reader: str = "", protocol: TransmissionProtocol | None = None) -> None:
        old = self.header
        self.header = replace(old, reader=old.reader or reader, protocol=old.protocol or protocol)

    def end(self, number: int) -> Iterable[Item]:  # what waits has its own number
        yield from self._answered()
        self._check_repeated(None)
        if self._asked is not None and len(self._asked.masked_bytes):
            yield self._exchange(self._asked, MaskedBytes(b""))
