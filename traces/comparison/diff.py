"""Compares two traces by what was said, not by how.

T=0 halves are put together first. Commands are aligned by their meaning: class, instruction, parameters and data, but
challenges, cryptograms and PINs count only by their length, as do the answers to them; masked bytes match any. Le does
not count, nor do times. Memory does not grow with the traces: they are aligned within a window.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from bifente.apdu import tlv
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.instructions import (
    PSO_CERTIFICATES,
    SECURITY_OPERATIONS,
    CommandData,
    Effect,
    Purpose,
    codes,
    instruction,
)
from bifente.traces.comparison.align import Ahead, Aligner
from bifente.traces.explanation.dialogue import Follower
from bifente.traces.join import counted
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, Item, ReaderEvent

_RESETS: Final = frozenset({EventKind.INSERTED, EventKind.COLD_RESET, EventKind.WARM_RESET})
_SELECTING: Final = codes(lambda known: known.effect is Effect.SELECTS)
_SECRET: Final = codes(lambda known: known.data is CommandData.PIN)
_BY_CHANCE: Final = frozenset({Purpose.AUTHENTICATION, Purpose.OPERATION})
"""What these carry is new each time."""
_CRYPTOGRAM: Final = codes(lambda known: known.purpose in _BY_CHANCE)
_BY_LENGTH: Final = _SECRET | _CRYPTOGRAM
"""Instructions of which only the length of the data counts."""
_PLAIN_CLASSES: Final = frozenset({0x00, 0x10, 0x80})
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
    """All divergences; behind those that are kept, an answer that differs in several data objects counts once."""
    divergences: list[Divergence] = field(default_factory=list)
    """The first of them."""
    looked: int = 0
    """How many items and places were looked at: what the comparison has cost."""

    @property
    def same(self) -> bool:
        """Nothing differs."""
        return self.count == 0


class _Heard:
    """One item of a trace; what it means is worked out when somebody wants to know."""

    __slots__ = ("_chance", "item", "known_key", "number")

    def __init__(self, number: int, item: Item) -> None:
        self.number = number
        self.item = item
        self.known_key: tuple[object, ...] | None = None
        self._chance = False

    @property
    def key(self) -> tuple[object, ...]:
        """By what it is aligned."""
        key = self.known_key
        if key is None:
            item = self.item
            if isinstance(item, Exchange):
                key, self._chance = _meaning(item)
            else:
                key = (item.slot, "reset")
            self.known_key = key
        return key

    @property
    def chance(self) -> bool:
        """Only the length of its answer counts."""
        return self.key is not None and self._chance


class _Comparison:
    """Two traces side by side: what lies ahead of each, and what is known of its cards so far.

    Words are made for the divergences that are kept, and the cards are followed as long as there may be another.
    """

    def __init__(self, first: Iterable[Item], second: Iterable[Item], most: int) -> None:
        self.result = Difference()
        self._most = most
        self._ahead = Ahead(_hear(first)), Ahead(_hear(second))
        self._followers = Follower(), Follower()
        self._aligner = Aligner(*self._ahead)

    def run(self, told: Callable[[int], None] | None) -> None:
        """Compare to the end."""
        left, right = self._ahead
        result = self.result
        while True:
            one, other = left.take(), right.take()
            if one is not None and other is not None:
                if _alike(one, other):
                    result.compared += 1
                    if told is not None and result.compared % 1000 == 0:
                        told(result.compared)
                    self._aligner.agreed()
                    self._pair(one, other)
                    continue
            elif one is other:
                break
            left.back(one)
            right.back(other)
            for side, count in enumerate(self._aligner.apart()):
                for _ in range(count):
                    lonely = self._ahead[side].take()
                    assert lonely is not None  # it was looked at
                    self._lonely(side, lonely)
        result.looked = result.compared + self._aligner.looked

    def _pair(self, one: _Heard, other: _Heard) -> None:
        ours, theirs = one.item, other.item
        same = (
            isinstance(ours, Exchange)
            and isinstance(theirs, Exchange)
            and ours.response.shown == theirs.response.shown
        )
        if len(self.result.divergences) >= self._most:
            # Nobody reads more of it: data objects are not told apart any more.
            self.result.count += not same and next(_differences(one, other, whole=True), None) is not None
            return
        found = [] if same else list(_differences(one, other))
        self.result.count += len(found)
        if found:
            path, words = self._words(0, one)
            self._keep(Divergence(one.number, other.number, ours.slot, path, words, *each) for each in found)
        else:
            self._followers[0].follow(ours)
        self._followers[1].follow(theirs)

    def _lonely(self, side: int, heard: _Heard) -> None:
        """One trace has an item that the other lacks."""
        self.result.count += 1
        if len(self.result.divergences) >= self._most:
            return
        path, words = self._words(side, heard)
        slot, number = heard.item.slot, heard.number
        lost = side == 0
        self._keep([
            Divergence(number if lost else None, None if lost else number, slot, path, words, "exchange",
                       "there" if lost else "not there", "not there" if lost else "there")
        ])  # fmt: skip

    def _keep(self, found: Iterable[Divergence]) -> None:
        kept = self.result.divergences
        kept.extend(islice(found, self._most - len(kept)))

    def _words(self, side: int, heard: _Heard) -> tuple[str, str]:
        """The directory and file of an item, and what was asked; what it did to the card is learnt."""
        follower, item = self._followers[side], heard.item
        state = follower.state(item.slot)
        before = (state.directory_name, state.file_name)
        explanation = follower.explain(item)
        if not isinstance(item, Exchange):
            return "", explanation.text
        after = (explanation.directory, explanation.file)
        selects = len(item.command) > 1 and item.command.shown[1] in _SELECTING
        path = "/".join(part for part in (before if selects else after) if part)
        return path, explanation.command or explanation.text


def compare(
    first: Iterable[Item],
    second: Iterable[Item],
    *,
    most: int = 20,
    told: Callable[[int], None] | None = None,
) -> Difference:
    """Compare two traces; *most* bounds the divergences that are kept, *told* hears how many items were compared."""
    comparison = _Comparison(first, second, most)
    comparison.run(told)
    return comparison.result


def _hear(items: Iterable[Item]) -> Iterator[_Heard]:
    """The exchanges and resets, the former numbered from 1."""
    number = 0
    for item, _ in counted(items):
        if isinstance(item, Exchange):
            number += 1
        elif item.kind not in _RESETS:
            continue
        yield _Heard(number, item)


def _meaning(exchange: Exchange) -> tuple[tuple[object, ...], bool]:
    """By what a command is aligned, and whether the bytes of its answer are left to chance."""
    raw = exchange.command.shown
    slot = exchange.slot
    if (
        len(raw) >= 4
        and raw[0] in _PLAIN_CLASSES
        and raw[1] not in _BY_LENGTH
        and not exchange.command.hidden
    ):
        # The usual case: all of it counts but Le.
        size = len(raw)
        end = size if size <= 5 or size - raw[4] == 5 else size - 1
        if size <= 5 or (raw[4] and end - raw[4] == 5):
            return (slot, raw[0], raw[1], raw[2], raw[3], raw[5:end]), False
    try:
        command = CommandAPDU.parse(raw)
    except ApduError:
        return (slot, "malformed", len(raw), None if exchange.command.masked else raw), False
    head: tuple[object, ...] = (slot, command.cla, command.ins, command.p1, command.p2)
    protected = command.class_byte.secure_messaging.value != "none"
    known = instruction(command.cla, command.ins)
    if protected or (known is not None and known.purpose in _BY_CHANCE):
        certificate = command.ins in SECURITY_OPERATIONS and command.p1 << 8 | command.p2 in PSO_CERTIFICATES
        return (*head, "certificate" if certificate else len(command.data)), True
    if command.ins in _SECRET:
        return (*head, len(command.data)), False
    if exchange.command.masked:
        return (*head, len(command.data), "masked"), False
    return (*head, command.data), False


def _alike(one: _Heard, other: _Heard) -> bool:
    ours, theirs = one.item, other.item
    if not (isinstance(ours, Exchange) and isinstance(theirs, Exchange)):
        return one.key == other.key
    if ours.slot == theirs.slot and ours.command == theirs.command:
        return True
    if one.key == other.key:
        return True
    # A masked command is like any of its length.
    masked = ours.command.masked or theirs.command.masked
    return masked and one.key[:5] == other.key[:5] and _same(ours.command, theirs.command)


def _same(one: MaskedBytes, other: MaskedBytes) -> bool:
    """The same bytes, wherever neither is hidden."""
    if one.shown == other.shown and not one.hidden and not other.hidden:
        return True
    spans = (*one.hidden, *other.hidden)
    return MaskedBytes.hiding(one.shown, spans) == MaskedBytes.hiding(other.shown, spans)


def _atr_of(item: Item) -> bytes:
    return item.atr if isinstance(item, ReaderEvent) else b""


def _differences(one: _Heard, other: _Heard, *, whole: bool = False) -> Iterator[tuple[str, str, str]]:
    """Which field differs, what it was and what it became; *whole* does not look for the data objects in it."""
    ours, theirs = one.item, other.item
    if not (isinstance(ours, Exchange) and isinstance(theirs, Exchange)):
        was, became = _atr_of(ours), _atr_of(theirs)
        if was != became:
            yield "ATR", was.hex().upper() or "none", became.hex().upper() or "none"
        return
    said, now = ours.response, theirs.response
    if _same(said, now):
        return
    if len(said) < 2 or len(now) < 2:
        yield "answer", _shown(said), _shown(now)
        return
    if said.shown[-2:] != now.shown[-2:]:
        yield "status word", said.shown[-2:].hex().upper(), now.shown[-2:].hex().upper()
        return
    if one.chance:
        if len(said) != len(now):
            yield "length", str(len(said) - 2), str(len(now) - 2)
        return
    if whole:
        yield "data", "", ""
        return
    for path, was_data, became_data in _data(said, now):
        yield f"data {path}" if path else "data", _shown(was_data), _shown(became_data)


def _data(said: MaskedBytes, now: MaskedBytes) -> Iterator[tuple[str, MaskedBytes, MaskedBytes]]:
    """The smallest data objects that differ, with the tags that lead to them; the whole where there are none."""
    was = MaskedBytes.hiding(said.shown[:-2], said.hidden)
    became = MaskedBytes.hiding(now.shown[:-2], now.hidden)
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
) -> Iterator[tuple[str, MaskedBytes, MaskedBytes]]:
    if [each.tag for each in ours] != [each.tag for each in theirs]:
        tags = (
            MaskedBytes(b"".join(tlv.encode(each.tag, each.value) for each in items))
            for items in (ours, theirs)
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
        yield "/".join(here), MaskedBytes(one.value), MaskedBytes(other.value)


def _shown(masked_bytes: MaskedBytes) -> str:
    if not masked_bytes:
        return "nothing"
    text = masked_bytes.hex()
    return (
        text
        if len(masked_bytes) <= _MOST_SHOWN
        else f"{text[: 2 * _MOST_SHOWN]}… ({len(masked_bytes)} bytes)"
    )
