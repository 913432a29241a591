"""Emulated cards as a conformance target: in this process, or behind the socket that PC/SC programs use."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bifente.apdu.link import Card
from bifente.applets.families import family_of
from bifente.conformance.errors import ConformanceError
from bifente.conformance.target import (
    CardUnderTest,
    ConformanceTarget,
    InProcessTarget,
    PcscTarget,
    ReaderHands,
    card_under_test,
)
from bifente.layouts.registry import kinds, layout_of
from bifente.reader import TwoSlotReader
from bifente.workbench.cards.maker import PIN, PUK, CardMaker

Cards = Mapping[str, Card]


def slots() -> dict[str, str]:
    """Kind of card → the slot that it has here: that in which programs look for it, or one for test cards."""
    found: dict[str, str] = {}
    for kind in kinds():
        party = layout_of(kind).party
        name = "Test" if party is None else party.name
        taken = sum(one.split()[0] == name for one in found.values())
        found[kind] = f"{name} {'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[taken % 26]}" if taken else name
    return found


def emulated_cards(maker: CardMaker, wanted: Iterable[str] | None = None) -> dict[str, Card]:
    """A fresh card of each of the kinds *wanted*, by default of all."""
    return {kind: maker.card(family_of(kind).example) for kind in (kinds() if wanted is None else wanted)}


def _under_test(cards: Cards, places: Mapping[str, str]) -> dict[str, CardUnderTest]:
    return {kind: card_under_test(kind, places[kind], PIN, PUK) for kind in cards}


@contextmanager
def _reader(cards: Cards, name: str) -> Iterator[TwoSlotReader]:
    places = slots()
    with TwoSlotReader(name, tuple(places.values()), wait=10) as reader:
        for kind, card in cards.items():
            reader.insert(places[kind], card)
        yield reader


@contextmanager
def in_process(cards: Cards, *, name: str = "in process") -> Iterator[ConformanceTarget]:
    """The cards in the slots of a reader of this process."""
    with _reader(cards, "bifente") as reader:
        yield InProcessTarget(reader, _under_test(cards, slots()), name=name)


_own_socket: Path | None = None


def _socket_path() -> tuple[Path, bool]:
    """The socket of this process, and whether libpcsclite must still be told: it asks once in a process's life."""
    global _own_socket  # noqa: PLW0603 - libpcsclite remembers it for the whole process, too
    if _own_socket is not None:
        _own_socket.parent.mkdir(mode=0o700, exist_ok=True)
        return _own_socket, False
    _own_socket = Path(tempfile.mkdtemp(prefix="bifente-")) / "pcscd.comm"
    return _own_socket, True


@contextmanager
def over_socket(
    cards: Cards,
    *,
    name: str = "socket",
    around: Callable[[TwoSlotReader], object] | None = None,
) -> Iterator[ConformanceTarget]:
    """The cards behind a socket of this process, reached through libpcsclite as other programs reach them.

    *around* is called with the reader before it is served. Raises ConformanceError when PC/SC in this process speaks
    to another service already, ImportError without pyscard.
    """
    from bifente.reader.pcsclite import PcscServer
    from bifente.reader.pyscard.relay import reader_names

    path, first = _socket_path()
    try:
        with _reader(cards, "bifente") as reader:
            if around is not None:
                around(reader)
            with PcscServer(reader, path=path, idle_power_off=None) as server:
                with _environment(server.environment if first else {}):
                    listed = reader_names()
                if not set(server.names) <= set(listed):
                    raise ConformanceError("PC/SC in this process speaks to another service already")
                places = dict(zip(slots(), server.names, strict=True))
                yield PcscTarget(
                    _under_test(cards, places),
                    name=name,
                    destructive=True,
                    hands=ReaderHands(reader, {kind: slots()[kind] for kind in cards}),
                )
    finally:
        shutil.rmtree(path.parent, ignore_errors=True)


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """*values* in the environment while libpcsclite looks at it; other programs started later must not see them."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
