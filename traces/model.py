"""The model of a recorded dialogue, and its canonical form.

The canonical form is JSON lines in ASCII: one header, then one object per exchange or event. Keys stand in the order
of the table, without spaces; times are whole microseconds.

=========  ====================================================================================================
header     ``bifente-trace`` (version), ``reader``, ``atr``, ``protocol`` (``T=0``, ``T=1``), ``date``, ``masked``
exchange   ``time``, ``duration``, ``slot``, ``level`` (``TPDU``, ``APDU``), ``command``, ``response``; ``clause`` and
           ``sentence`` where a card has explained a refusal
event      ``time``, ``slot``, ``event``, ``atr``; ``words`` of a call
=========  ====================================================================================================

Bytes are upper-case hexadecimal; a masked byte is ``**``. ``atr``, ``protocol`` and ``date`` may be null. A header may also
have ``pseudonyms``, when what the card says of a person was replaced.
"""

import json
import re
from binascii import hexlify, unhexlify
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple, NoReturn

from bifente.apdu.link import TransmissionProtocol
from bifente.apdu.refusal import Why
from bifente.documents.visible import visible
from bifente.traces.errors import TraceError
from bifente.traces.maskedbytes import MaskedBytes

VERSION: Final = 1
MAX_NAME: Final = 256
"""Characters of the name of a reader or slot; PC/SC has 128."""

MAX_REASON: Final = 1024
"""Characters of a clause, and of a sentence."""

_HEADER: Final = "bifente-trace"
_PROTOCOLS: Final = {"T=0": TransmissionProtocol.T0, "T=1": TransmissionProtocol.T1}


class Level(StrEnum):
    """On which side of the T=0 front the recorder stood."""

    TPDU = "TPDU"
    """Between terminal and front: 61xx, 6Cxx and GET RESPONSE are seen."""
    APDU = "APDU"
    """Between front and card, or without a front: each command and its whole answer."""


class EventKind(StrEnum):
    """What can happen to a slot besides an exchange."""

    INSERTED = "inserted"
    REMOVED = "removed"
    COLD_RESET = "cold reset"
    WARM_RESET = "warm reset"
    POWERED_OFF = "powered off"
    READER_GONE = "reader gone"
    CALL = "call"
    """Of a program to an interface above the cards, or its end: in words, in a slot that is no card's."""


class Exchange(NamedTuple):
    """One command and its answer.

    ``time`` and ``duration`` are microseconds, the former since the beginning of the trace. An empty ``response``
    means that no answer came. ``why`` is what the card said of a refusal beside its answer; only emulated cards do.
    A named tuple, as a command APDU is one: a long trace makes millions.
    """

    command: MaskedBytes
    response: MaskedBytes
    time: int = 0
    duration: int = 0
    slot: str = ""
    level: Level = Level.APDU
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class ReaderEvent:
    """Something that happened to a slot. ``atr`` is empty when there is none to tell, ``words`` but for a call."""

    kind: EventKind
    time: int = 0
    slot: str = ""
    atr: bytes = b""
    words: str = ""


Item = Exchange | ReaderEvent

_new: Final = tuple.__new__
"""Makes an Exchange or MaskedBytes without the detour of the generated constructor."""


def exchange(
    command: MaskedBytes,
    response: MaskedBytes,
    time: int,
    duration: int,
    slot: str,
    level: Level,
    why: Why | None = None,
) -> Exchange:
    """An Exchange without the detour of its generated constructor."""
    return _new(Exchange, (command, response, time, duration, slot, level, why))


@dataclass(frozen=True, slots=True)
class TraceHeader:
    """What a trace says of itself. ``masked`` is False only when the recorder was told to keep secrets."""

    reader: str = ""
    atr: bytes | None = None
    protocol: TransmissionProtocol | None = None
    date: datetime | None = None
    masked: bool = True
    version: int = VERSION
    pseudonyms: bool = False
    """What the card says of a person was replaced; written only when it is so."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A whole trace in memory."""

    header: TraceHeader = field(default_factory=TraceHeader)
    items: tuple[Item, ...] = ()

    @property
    def exchanges(self) -> Iterator[Exchange]:
        """The exchanges without the events."""
        return (item for item in self.items if isinstance(item, Exchange))


def header_line(header: TraceHeader) -> bytes:
    """The canonical first line, with its end."""
    return _dump(
        {
            _HEADER: header.version,
            "reader": _writable(header.reader),
            "atr": None if header.atr is None else header.atr.hex().upper(),
            "protocol": None if header.protocol is None else f"T={0 if header.protocol == 1 else 1}",
            "date": None if header.date is None else _date_text(header.date),
            "masked": header.masked,
            **({"pseudonyms": True} if header.pseudonyms else {}),
        }
    )


_LINE: Final = b'{"time":%d,"duration":%d,%b,"command":"%b","response":"%b"%b}\n'


def item_line(item: Item) -> bytes:
    """The canonical line of an exchange or event, with its end."""
    if isinstance(item, Exchange):
        command, response, time, duration, slot, level, why = item
        return _LINE % (
            time,
            duration,
            _named(slot, level),
            command.hexadecimal() if command.hidden else hexlify(command.shown).upper(),
            response.hexadecimal() if response.hidden else hexlify(response.shown).upper(),
            b"" if why is None else _why_fields(why),
        )
    return _dump(
        {
            "time": item.time,
            "slot": _writable(item.slot),
            "event": item.kind.value,
            "atr": item.atr.hex().upper(),
            **({"words": visible(item.words)[:MAX_REASON]} if item.words else {}),
        }
    )


def parse_header(text: str, line: int = 1) -> TraceHeader:
    """Read the first line. Raises TraceError."""
    fields = _Fields(text, line)
    version = fields.number(_HEADER)
    if version != VERSION:
        fields.refuse(f"the trace is of version {version}, this program reads version {VERSION}")
    protocol = fields.text_or_none("protocol")
    if protocol is not None and protocol not in _PROTOCOLS:
        fields.refuse(f"protocol is T=0 or T=1, not {protocol!r}")
    atr = fields.text_or_none("atr")
    header = TraceHeader(
        fields.name("reader"),
        None if atr is None else fields.masked_bytes("atr").plain,
        None if protocol is None else _PROTOCOLS[protocol],
        fields.date("date"),
        fields.truth("masked"),
        pseudonyms=fields.has("pseudonyms") and fields.truth("pseudonyms"),
    )
    fields.end()
    return header


_EXCHANGE: Final = re.compile(
    rb'\{"time":(0|[1-9]\d{0,17}),"duration":(0|[1-9]\d{0,17}),"slot":"([ !#-\[\]-~]{0,256})","level":"(TPDU|APDU)",'
    rb'"command":"([0-9A-Fa-f*]*)","response":"([0-9A-Fa-f*]*)"\}\n?'
)
"""An exchange as it is written here; whatever else is JSON takes the longer way, to the same result."""
_LEVELS: Final = {level.value.encode(): level for level in Level}


def parse_line(raw: bytes, line: int) -> Item:
    """Read the line of an exchange or event. Raises TraceError."""
    usual = _EXCHANGE.fullmatch(raw)
    if usual is not None:
        time, duration, slot, level, command, response = usual.groups()
        try:
            asked = (
                MaskedBytes.parse(command.decode())
                if b"*" in command
                else _new(MaskedBytes, (unhexlify(command), ()))
            )
            said = (
                MaskedBytes.parse(response.decode())
                if b"*" in response
                else _new(MaskedBytes, (unhexlify(response), ()))
            )
            return _new(
                Exchange, (asked, said, int(time), int(duration), slot.decode(), _LEVELS[level], None)
            )
        except (ValueError, TraceError):  # no pairs of digits: the longer way says where
            pass
    try:
        return _parse_json_item(raw.decode("ascii"), line)
    except UnicodeDecodeError:
        raise TraceError("a trace is ASCII", line) from None


def _parse_json_item(text: str, line: int) -> Item:
    fields = _Fields(text, line)
    time, slot = fields.number("time"), fields.name("slot")
    item: Item
    if fields.has("event"):
        kind = fields.text("event")
        if kind not in set(EventKind):
            fields.refuse(f"no event is called {kind!r}")
        words = fields.line("words") if fields.has("words") else ""
        item = ReaderEvent(EventKind(kind), time, slot, fields.masked_bytes("atr").plain, words)
    else:
        level = fields.text("level")
        if level not in set(Level):
            fields.refuse(f"level is TPDU or APDU, not {level!r}")
        item = Exchange(
            fields.masked_bytes("command"),
            fields.masked_bytes("response"),
            time,
            fields.number("duration"),
            slot,
            Level(level),
            Why(fields.line("clause"), fields.line("sentence")) if fields.has("clause") else None,
        )
    fields.end()
    return item


@lru_cache(maxsize=64)
def _named(slot: str, level: Level) -> bytes:
    return f'"slot":{json.dumps(_writable(slot))},"level":"{level.value}"'.encode()


def _why_fields(why: Why) -> bytes:
    """What stands behind the response of an exchange that the card has explained."""
    clause, sentence = (json.dumps(visible(part)[:MAX_REASON]) for part in (why.clause, why.sentence))
    return f',"clause":{clause},"sentence":{sentence}'.encode()


def _writable(name: str) -> str:
    """A name as it can be read again: readers, and the logs of others, may bring anything."""
    return visible(name)[:MAX_NAME]


def _dump(values: Mapping[str, object]) -> bytes:
    return json.dumps(values, separators=(",", ":")).encode() + b"\n"


def _date_text(date: datetime) -> str:
    if date.tzinfo is None:
        raise TraceError("the date of a trace needs its time zone")
    return date.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class _Fields:
    """The fields of one line: each is asked for once, and says which line it is on when it is wrong."""

    def __init__(self, text: str, line: int) -> None:
        self._line = line
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise TraceError("this is not JSON", line) from error
        if not isinstance(fields, dict):
            self.refuse("one object is wanted")
        self._fields: dict[str, object] = fields
        self._read: set[str] = set()

    def refuse(self, message: str) -> NoReturn:
        """Raise the error with its line."""
        raise TraceError(message, self._line)

    def has(self, name: str) -> bool:
        """The field is there."""
        return name in self._fields

    def _get(self, name: str) -> object:
        if name not in self._fields:
            self.refuse(f"{name} is missing")
        self._read.add(name)
        return self._fields[name]

    def text(self, name: str) -> str:
        """A string."""
        value = self._get(name)
        if not isinstance(value, str):
            self.refuse(f"{name} is a string")
        return value

    def name(self, name: str) -> str:
        """The name of a reader or slot: one short line of letters that can be shown."""
        return self.line(name, MAX_NAME)

    def line(self, name: str, most: int = MAX_REASON) -> str:
        """One line of at most *most* letters that can be shown."""
        value = self.text(name)
        if len(value) > most:
            self.refuse(f"{name} has {len(value)} characters, more than {most}")
        if visible(value) != value:
            odd = next(letter for letter in value if visible(letter) != letter)
            self.refuse(f"{name} holds the character U+{ord(odd):04X}, which cannot be shown")
        return value

    def text_or_none(self, name: str) -> str | None:
        """A string or null."""
        return None if self._get(name) is None else self.text(name)

    def number(self, name: str) -> int:
        """A whole number from 0."""
        value = self._get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self.refuse(f"{name} is a whole number from 0")
        return value

    def truth(self, name: str) -> bool:
        """true or false."""
        value = self._get(name)
        if not isinstance(value, bool):
            self.refuse(f"{name} is true or false")
        return value

    def masked_bytes(self, name: str) -> MaskedBytes:
        """Hexadecimal, perhaps with hidden bytes."""
        try:
            masked_bytes = MaskedBytes.parse(self.text(name))
        except TraceError as error:
            self.refuse(f"{name}: {error}")
        if name == "atr" and masked_bytes.masked:
            self.refuse("an ATR is not masked")
        return masked_bytes

    def date(self, name: str) -> datetime | None:
        """A date with time zone, or null."""
        text = self.text_or_none(name)
        if text is None:
            return None
        try:
            date = datetime.fromisoformat(text)
            if date.tzinfo is None:
                raise ValueError
            return date.astimezone(UTC)
        except (ValueError, OverflowError):
            self.refuse(f"{name} is not a date and time with a time zone")

    def end(self) -> None:
        """Refuse fields that nobody asked for."""
        unknown = self._fields.keys() - self._read
        if unknown:
            self.refuse(f"unknown field {sorted(unknown)[0]!r}")
