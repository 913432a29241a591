"""Compares two traces by what was said, not by how.

T=0 halves are put together first. Commands are aligned by their meaning: class, instruction, parameters and data, but
challenges, cryptograms and PINs count only by their length, as do the answers to them; masked bytes match any. Le does
not count, nor do times. Memory does not grow with the traces: they are aligned within a window.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Final

from bifente.apdu import tlv
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.traces.follow import Explanation, Follower
from bifente.traces.join import joined
from bifente.traces.model import EventKind, Exchange, Item
from bifente.traces.octets import Octets

WINDOW: Final = 256
"""So far ahead the two are looked at to find where they agree again."""

_RESETS: Final = frozenset({EventKind.INSERTED, EventKind.COLD_RESET, EventKind.WARM_RESET})
_SECRET: Final = frozenset({0x20, 0x21, 0x24, 0x25, 0x26, 0x28, 0x2C, 0x2D})
_CRYPTOGRAM: Final = frozenset({0x82, 0x84, 0x86, 0x87, 0x88, 0x2A, 0x2B})
_CERTIFICATES: Final = frozenset({0x00AE, 0x00BE, 0x0092})
_CPS2TER_CRYPTOGRAM: Final = frozenset(
    {0x10, 0x3E, 0x46, 0x48, 0x4A, 0x4C, 0x4E, 0x50, 0x52, 0x58, 0x5C, 0x5E}
)
_MOST_SHOWN: Final = 32


@dataclass(frozen=True, slots=True)
class Divergence:
    """One thing that is not the same."""

    first: int | None
    """Which exchange of the first trace, from 1 and with T=0 halves put together; None when it has none."""
    second: int | None
    slot: str
    path: str
    """The directory and file in which it was, as far as they are known."""
    command: str
    """What was asked, in words."""
    field: str
    """``exchange``, ``ATR``, ``status word``, ``answer``, ``length``, or ``data`` with the tags that lead to it."""
    was: str
    became: str

    def __str__(self) -> str:
        where = "/".join(part for part in (self.slot, self.path) if part)
        place = f"exchange {self.first if self.first is not None else '–'}"
        if self.first != self.second:
            place += f" against {self.second if self.second is not None else '–'}"
        return f"{place}{f' in {where}' if where else ''}: {self.command}: {self.field}: {self.was} → {self.became}"


@dataclass(slots=True)
class Difference:
    """What :func:`compare` has found."""

    compared: int = 0
    """Exchanges and resets that both traces have."""
    count: int = 0
    """All divergences."""
    divergences: list[Divergence] = field(default_factory=list)
    """The first of them."""

    @property
    def same(self) -> bool:
        """Nothing differs."""
        return self.count == 0


@dataclass(frozen=True, slots=True)
class _Told:
    """One item of a trace, in its light."""

    number: int
    item: Item
    key: tuple[object, ...]
    explanation: Explanation
    ignored: bool
    """Only the length of the answer counts."""
    path: str


def compare(
    first: Iterable[Item],
    second: Iterable[Item],
    *,
    most: int = 20,
    told: Callable[[int], None] | None = None,
) -> Difference:
    """Compare two traces; *most* bounds the divergences that are kept, *told* hears how many items were compared."""
    result = Difference()

    def report(divergence: Divergence) -> None:
        result.count += 1
        if len(result.divergences) < most:
            result.divergences.append(divergence)

    left, right = _Ahead(_tell(first)), _Ahead(_tell(second))
    while True:
        one, other = left.peek(), right.peek()
        if one is None and other is None:
            return result
        if one is not None and other is not None and _alike(one, other):
            left.take()
            right.take()
            result.compared += 1
            if told is not None and result.compared % 1000 == 0:
                told(result.compared)
            for divergence in _differences(one, other):
                report(divergence)
            continue
        only_first, only_second = _apart(left, right)
        for each in left.take_many(only_first):
            report(_missing(each, None))
        for each in right.take_many(only_second):
            report(_missing(None, each))


class _Ahead:
    """An iterator that can be looked into."""

    def __init__(self, source: Iterator[_Told]) -> None:
        self._source = source
        self._seen: deque[_Told] = deque()

    def peek(self) -> _Told | None:
        return next(iter(self.window(1)), None)

    def window(self, size: int) -> list[_Told]:
        """The next items, up to *size*, which stay."""
        while len(self._seen) < size:
            following = next(self._source, None)
            if following is None:
                break
            self._seen.append(following)
        return [self._seen[at] for at in range(min(size, len(self._seen)))]

    def take(self) -> None:
        self._seen.popleft()

    def take_many(self, count: int) -> list[_Told]:
        return [self._seen.popleft() for _ in range(count)]


def _apart(left: _Ahead, right: _Ahead) -> tuple[int, int]:
    """How many items of each have no partner, up to where the two agree again."""
    ours, theirs = left.window(WINDOW), right.window(WINDOW)
    numbers: dict[tuple[object, ...], int] = {}
    keys = [[numbers.setdefault(each.key, len(numbers)) for each in window] for window in (ours, theirs)]
    matcher = SequenceMatcher(None, keys[0], keys[1], autojunk=False)
    for at, there, size in matcher.get_matching_blocks():
        if size and (at or there):
            return at, there
    return len(ours), len(theirs)


def _tell(items: Iterable[Item]) -> Iterator[_Told]:
    follower = Follower()
    number = 0
    for item in joined(items):
        state = follower.state(item.slot)
        before = (state.directory_name, state.file_name)
        if not isinstance(item, Exchange):
            explanation = follower.explain(item)
            if item.kind in _RESETS:
                yield _Told(number, item, (item.slot, "reset"), explanation, False, "")
            continue
        number += 1
        explanation = follower.explain(item)
        key, ignored = _meaning(item)
        after = (explanation.directory, explanation.file)
        selects = item.command.shown[1:2] == b"\xa4"
        path = "/".join(part for part in (before if selects else after) if part)
        yield _Told(number, item, key, explanation, ignored, path)


def _meaning(exchange: Exchange) -> tuple[tuple[object, ...], bool]:
    """By what a command is aligned, and whether the bytes of its answer are left to chance."""
    raw = exchange.command.shown
    slot = exchange.slot
    try:
        command = CommandAPDU.parse(raw)
    except ApduError:
        return (slot, "malformed", len(raw), None if exchange.command.masked else raw), False
    head: tuple[object, ...] = (slot, command.cla, command.ins, command.p1, command.p2)
    protected = command.class_byte.secure_messaging.value != "none"
    if command.cla & 0xF0 == 0xA0:
        chance = command.ins in _CPS2TER_CRYPTOGRAM | _CRYPTOGRAM
    else:
        chance = command.ins in _CRYPTOGRAM
    if protected or chance:
        certificate = command.ins == 0x2A and command.p1 << 8 | command.p2 in _CERTIFICATES
        return (*head, "certificate" if certificate else len(command.data)), True
    if command.ins in _SECRET:
        return (*head, len(command.data)), False
    if exchange.command.masked:
        return (*head, len(command.data), "masked"), False
    return (*head, command.data), False


def _alike(one: _Told, other: _Told) -> bool:
    if one.key == other.key:
        return True
    ours, theirs = one.item, other.item
    if not (isinstance(ours, Exchange) and isinstance(theirs, Exchange)):
        return False
    # A masked command is like any of its length.
    masked = ours.command.masked or theirs.command.masked
    return masked and one.key[:5] == other.key[:5] and _same(ours.command, theirs.command)


def _same(one: Octets, other: Octets) -> bool:
    """The same bytes, wherever neither is hidden."""
    if one.shown == other.shown and not one.hidden and not other.hidden:
        return True
    spans = (*one.hidden, *other.hidden)
    return Octets.hiding(one.shown, spans) == Octets.hiding(other.shown, spans)


def _differences(one: _Told, other: _Told) -> Iterator[Divergence]:
    ours, theirs = one.item, other.item
    if not (isinstance(ours, Exchange) and isinstance(theirs, Exchange)):
        was, became = getattr(ours, "atr", b""), getattr(theirs, "atr", b"")
        if was != became:
            yield _divergence(one, other, "ATR", was.hex().upper() or "none", became.hex().upper() or "none")
        return
    said, now = ours.response, theirs.response
    if _same(said, now):
        return
    if len(said) < 2 or len(now) < 2:
        yield _divergence(one, other, "answer", _shown(said), _shown(now))
        return
    if said.shown[-2:] != now.shown[-2:]:
        yield _divergence(
            one, other, "status word", said.shown[-2:].hex().upper(), now.shown[-2:].hex().upper()
        )
        return
    if one.ignored:
        if len(said) != len(now):
            yield _divergence(one, other, "length", str(len(said) - 2), str(len(now) - 2))
        return
    for path, was_data, became_data in _data(said, now):
        name = f"data {path}" if path else "data"
        yield _divergence(one, other, name, _shown(was_data), _shown(became_data))


def _data(said: Octets, now: Octets) -> Iterator[tuple[str, Octets, Octets]]:
    """The smallest data objects that differ, with the tags that lead to them; the whole where there are none."""
    was = Octets.hiding(said.shown[:-2], said.hidden)
    became = Octets.hiding(now.shown[:-2], now.hidden)
    if not (was.masked or became.masked):
        try:
            ours, theirs = (tlv.decode(each.shown, padding=True) for each in (was, became))
        except ApduError:
            ours, theirs = [], []
        if ours and theirs:
            found = list(_objects(ours, theirs, ()))
            if found:
                yield from found
                return
    yield "", was, became


def _objects(
    ours: list[tlv.Tlv], theirs: list[tlv.Tlv], path: tuple[str, ...]
) -> Iterator[tuple[str, Octets, Octets]]:
    if [each.tag for each in ours] != [each.tag for each in theirs]:
        tags = (
            Octets(b"".join(tlv.encode(each.tag, each.value) for each in items)) for items in (ours, theirs)
        )
        was, became = tags
        yield "/".join(path), was, became
        return
    for one, other in zip(ours, theirs, strict=True):
        if one.value == other.value:
            continue
        here = (*path, f"{one.tag:02X}")
        if one.constructed and len(path) < tlv.MAX_DEPTH:
            try:
                yield from _objects(one.children(), other.children(), here)
                continue
            except ApduError:
                pass
        yield "/".join(here), Octets(one.value), Octets(other.value)


def _shown(octets: Octets) -> str:
    if not octets:
        return "nothing"
    text = octets.hex()
    return text if len(octets) <= _MOST_SHOWN else f"{text[: 2 * _MOST_SHOWN]}… ({len(octets)} bytes)"


def _words(told: _Told) -> str:
    return told.explanation.command or told.explanation.text


def _divergence(one: _Told, other: _Told, name: str, was: str, became: str) -> Divergence:
    return Divergence(one.number, other.number, one.item.slot, one.path, _words(one), name, was, became)


def _missing(one: _Told | None, other: _Told | None) -> Divergence:
    told = one or other
    assert told is not None
    return Divergence(
        None if one is None else one.number,
        None if other is None else other.number,
        told.item.slot,
        told.path,
        _words(told),
        "exchange",
        "there" if one is not None else "not there",
        "there" if other is not None else "not there",
    )
