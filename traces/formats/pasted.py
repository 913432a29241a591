"""One line of a pasted log: which way it goes, and its bytes.

Programs mark what is sent and what comes back by words (``Sending:``, ``Command -->``, ``SEND:``, ``Response APDU (2
bytes):``) or by arrows (``>``, ``<``, ``=>``, ``<--``), behind whatever their logger puts before. The bytes stand behind
the mark, or below it in rows with or without their offset and their characters.
"""

import re
from dataclasses import dataclass
from itertools import islice
from typing import Final

from bifente.traces.formats.written import WrittenBytes
from bifente.traces.maskedbytes import MaskedBytes

_SEND: Final = (
    r"c[-_ ]?apdu|(?:capdu|command)(?:[-_ ]?apdu)?|cmd|apdu|requ?(?:est)?|send(?:ing)?|sent"
    r"|(?:scard)?transmit(?:ted|ting)?|tx|outgoing|to card"
)
_RECEIVE: Final = (
    r"r[-_ ]?apdu|rapdu|response(?:[-_ ]?apdu)?|resp|rsp|reply|answer|receiv(?:ed?|ing)|recv(?:ed)?|rx|incoming"
    r"|from card|sw|(?:apdu[-_ ]?)?status(?:[-_ ]?word)?"
)
_BEFORE: Final = (
    r"(?:(?P<kind>un ?wrapped|wrapped|encrypted|secured|extended|chained|plain|raw|hw|libcacard)[-_ ])?"
)
_BEHIND: Final = r"(?:[-_ ](?:apdu|data|bytes|buffer|to card|from card))?(?: ?[(\[] ?(?P<count>\d{1,6}) ?(?:bytes?|masked_bytes?)? ?[)\]]| (?P<number>\d{1,6}) (?:bytes?|masked_bytes?))?"
_SEPARATOR: Final = r" {0,4}(?:-{1,2}>|<-{1,2}|={1,2}>|<={1,2}|>{1,3}|<{1,3}|→|←|[:=])(?: ?(?P<size>\d{1,6}) bytes?(?:$|[: ]))?"
_WORDS: Final = re.compile(
    rf"(?:^|(?<=[^\w/]))(?:{_BEFORE}(?:(?P<send>{_SEND})|(?P<receive>{_RECEIVE})){_BEHIND}){_SEPARATOR}",
    re.IGNORECASE,
)
_ARROW: Final = re.compile(
    r"(?:^|(?<=[\s\]):|]))(?:(?P<send>>{1,4}|={1,2}>|-{1,2}>|→|(?<!\S)C:)|(?P<receive><{1,4}|<={1,2}|<-{1,2}|←|(?<!\S)R:))(?= {0,3}[0-9A-Fa-fXx*\[{\"']| {0,3}$)"
)
_STATUS: Final = re.compile(r"received \(SW1=0x([0-9A-F]{2}), SW2=0x([0-9A-F]{2})\)(:?)", re.IGNORECASE)
_TAIL: Final = re.compile(
    r"\bSW(?:1?2)?\W{1,3}(?:0x)?([0-9A-F]{2}) ?(?:0x)?([0-9A-F]{2})\b|\bSW1\W{1,3}(?:0x)?([0-9A-F]{2})\W{1,4}SW2\W{1,3}(?:0x)?([0-9A-F]{2})\b",
    re.IGNORECASE,
)
_ATR: Final = re.compile(
    r"(?:^|(?<=\W))(?:ATR\b|answer[- ]to[- ]reset\b|OK:)[^0-9A-Fa-f]{0,20}(?=(?:0x)?3[BF])", re.IGNORECASE
)
_WORD: Final = re.compile(
    r"(?:0[xX])?(?:[0-9A-Fa-f]{2}|[Xx]{2}|\*\*|[0-9A-Fa-f][Xx*?]|[Xx*?][0-9A-Fa-f])+[hH]?(?=[\s:,;|\-\]}\[()<>\"'.]|$)"
    r"|(?:\.\.|\?\?|##|••|██)+(?=[\s:,;]|$)"
    r"|\[[^\[\]]{0,20}(?i:redact|mask|hidden|remov|censor|secret|pin|puk|cut|snip|byte|\.\.\.|…|[x*]{2})[^\[\]]{0,20}\]"
    r"|<(?i:redacted|masked|hidden|removed|pin|puk|secret)>|\(?(?i:redacted|masked|hidden|removed)\)?(?=\W|$)|…"
)
_GAP: Final = re.compile(r"[ \t]*[:,;|-]?[ \t]*")
_OFFSET: Final = re.compile(r"(?:0x)?[0-9A-Fa-f]{4,8}(?::[ \t]*|[ \t]{2,})(?=[0-9A-Fa-fXx*])")
_BYTE: Final = re.compile(r"(?:[0-9A-Fa-f]{2}|[Xx*?]{2}|[0-9A-Fa-f][Xx*])(?= |-|$)")
_LAST_DIGIT: Final = re.compile(r"(?:^|.* )(?:\[\] ?)?(?P<first>[69][0-9A-Fa-f]) (?P<second>[0-9A-Fa-f])")
_SIMPLE: Final = re.compile(r"\s*([<>]) ?((?:[0-9A-Fa-f]{2} ?)+)")
_PAIR: Final = re.compile(
    r"\s*(?:[0-9A-Fa-f]{2} ?){4,}\s*(?:-{1,2}>|={1,2}>|→)\s*(?:[0-9A-Fa-f]{2} ?){2,}\s*"
)
_THEN: Final = re.compile(r"\s*(?:-{1,2}>|={1,2}>|→|<{1,3}|<-{1,2}|<={1,2}|←)\s*(?=[0-9A-Fa-f]{2})")
_ROW: Final = 16
_MOST_MARKS: Final = 8
_WITHIN: Final = 2000
"""How many places of one line are tried, and how far behind its beginning a mark may stand."""


@dataclass(frozen=True, slots=True)
class Marked:
    """What a line says: ``sends`` or it receives; ``masked_bytes`` None when they stand below."""

    sends: bool
    kind: str
    """``wrapped`` and the like, in small letters."""
    word: str
    """The mark itself, in small letters."""
    masked_bytes: MaskedBytes | None
    count: int | None
    status: bytes = b""
    """A status word that stands apart."""
    then: "Marked | None" = None
    """The other half of an exchange in one line."""
    start: int = 0
    """Where the mark begins."""
    ended: bool = False
    """An explanation stands behind: nothing continues below."""


def marked(text: str, *, nested: bool = False) -> Marked | None:
    """The mark of a line with its bytes; None when it has none. *nested* is for what stands behind another mark."""
    simple = _SIMPLE.fullmatch(text)
    if simple is not None:
        return Marked(simple[1] == ">", "", simple[1], MaskedBytes(bytes.fromhex(simple[2])), None)
    if _PAIR.fullmatch(text):
        masked_bytes, end = leading(text)
        assert masked_bytes is not None
        return Marked(True, "", "", masked_bytes, None, then=_then(text[end:]))
    status = _STATUS.search(text, 0, _WITHIN)
    if status is not None:
        word = bytes.fromhex(status[1] + status[2])
        return Marked(
            False, "", "received", None if status[3] else MaskedBytes(b""), None, word, start=status.start()
        )
    for pattern in (_WORDS, _ARROW):
        for found in islice(pattern.finditer(text, 0, _WITHIN), _MOST_MARKS):
            read = _behind(text, found, nested=nested)
            if read is not None:
                return read
    return None


def _behind(text: str, found: re.Match[str], *, nested: bool) -> Marked | None:
    groups = found.groupdict()
    sends = found["send"] is not None
    word = (found["send"] or found["receive"]).lower()
    kind = (groups.get("kind") or "").lower()
    told = groups.get("size") or groups.get("count") or groups.get("number")
    count = int(told) if told else None
    rest = text[found.end() :]
    said, colon, _ = rest.partition(" : ")
    if not said.strip(" {}\"'[]") and not colon:
        empty = "[]" in said or "{ }" in said or "{}" in said
        return Marked(sends, kind, word, MaskedBytes(b"") if empty else None, count, start=found.start())
    if not sends:
        said = re.sub(r"^\s*\[\]", "  ", said)  # pyscard's answer without data
    masked_bytes, end = _unpadded(said) if not sends else (None, 0)
    if masked_bytes is None:
        masked_bytes, end = leading(said, sends=sends)
    if masked_bytes is None or (
        len(masked_bytes) < (4 if sends else 2) and len(word) > 2 and word[0].isalpha()
    ):
        return None
    behind = said[end:]
    if (
        not sends
        and word.startswith("<-")
        and re.match(r" ?[0-9A-Fa-f]{4}: ?(?:[0-9A-Fa-f]{2})*$", said.rstrip())
    ):
        # pySim tells the status word first.
        masked_bytes = MaskedBytes(masked_bytes.shown[2:] + masked_bytes.shown[:2])
    other = _then(behind) if sends else None
    if other is not None:
        return Marked(True, kind, word, masked_bytes, count, then=other, start=found.start())
    other = marked(behind, nested=True) if sends and behind.strip() and not nested else None
    if other is not None and not other.sends and other.masked_bytes is not None:
        return Marked(True, kind, word, masked_bytes, count, then=other, start=found.start())
    tail = _TAIL.search(behind, 0, _WITHIN)
    status = b"" if tail is None or sends else bytes.fromhex("".join(part for part in tail.groups() if part))
    if behind.strip(" }\"')]:") and tail is None and not _is_remark(behind):
        return None
    return Marked(sends, kind, word, masked_bytes, count, status, start=found.start(), ended=bool(colon))


def _then(behind: str) -> Marked | None:
    """The answer behind an arrow that stands behind a command."""
    arrow = _THEN.match(behind)
    if arrow is None:
        return None
    masked_bytes, _ = leading(behind[arrow.end() :])
    return (
        None if masked_bytes is None or len(masked_bytes) < 2 else Marked(False, "", "<", masked_bytes, None)
    )


def _is_remark(behind: str) -> bool:
    """What stands behind the bytes explains them."""
    return behind.lstrip(" }\"')]")[:1] in ("(", "[", "#", "/", ";", ",", "|", "-", "=", "<", "→") or bool(
        re.match(r"[ \t]{2,}", behind)
    )


def _unpadded(said: str) -> tuple[MaskedBytes | None, int]:
    """An answer whose last byte has one digit, as pyscard shows it: ``< [] 90 0``."""
    text = said.rstrip()
    found = _LAST_DIGIT.fullmatch(text.lstrip())
    if found is None:
        return None, 0
    before = text[: text.rindex(found["first"])].replace("[]", "").strip()
    masked_bytes, end = leading(before) if before else (MaskedBytes(b""), 0)
    if masked_bytes is None or end < len(before):
        return None, 0
    status = bytes((int(found["first"], 16), int(found["second"], 16)))
    return MaskedBytes(masked_bytes.shown + status, masked_bytes.hidden), len(said)


def leading(text: str, *, sends: bool = False) -> tuple[MaskedBytes | None, int]:
    """The bytes with which *text* begins, and where they end; None when it does not begin with any.

    *sends* says that they are a command, whose Lc tells how many have been cut out.
    """
    at = len(text) - len(text.lstrip(" \t{[\"'("))
    begin, end = at, -1
    while (word := _WORD.match(text, at)) is not None:
        end = word.end()
        gap = _GAP.match(text, end)
        at = end if gap is None else gap.end()
    if end < 0:
        return None, 0
    written = WrittenBytes(text[begin:end])
    if written.cut is None:
        return written.masked_bytes(), end
    return (written.command() if sends else written.masked_bytes(1)), end


def row(text: str) -> MaskedBytes | None:
    """The bytes of a row of a dump, without its offset and its characters; None when it is something else."""
    text = text.partition(" : ")[0].strip().removesuffix("\\").rstrip()
    offset = _OFFSET.match(text)
    if offset is not None:
        text = text[offset.end() :]
    masked_bytes, end = leading(text)
    cut = _without_characters(text)
    if cut is not None:
        return cut
    return masked_bytes if masked_bytes is not None and end == len(text) else None


def _without_characters(text: str) -> MaskedBytes | None:
    """The bytes of a row behind which the same stand as characters, a point for each that cannot be shown."""
    at, data, ends = 0, bytearray(), []
    while len(data) < _ROW and (found := _BYTE.match(text, at)) is not None:
        try:
            data.append(int(found[0], 16))
        except ValueError:
            return None
        ends.append(found.end())
        at = found.end() + 1
        if at < len(text) and text[at] == " " and len(data) == 8:
            at += 1
    for size in range(len(data), 0, -1):
        characters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data[:size])
        behind = text[ends[size - 1] :].strip(" |")
        if behind and behind == characters.strip(" |"):
            return MaskedBytes(bytes(data[:size]))
    return None


def atr(text: str) -> str | None:
    """What stands behind ``ATR:``; None when nothing does."""
    found = _ATR.search(text)
    if found is None:
        return None
    masked_bytes, _ = leading(text[found.end() :])
    return None if masked_bytes is None or masked_bytes.masked else masked_bytes.hex()
