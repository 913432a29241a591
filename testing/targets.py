"""Emulated cards as a conformance target: in this process, or behind the socket that PC/SC programs use."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bifente.apdu.link import Card
from bifente.conformance.errors import ConformanceError
from bifente.conformance.target import CardUnderTest, InProcessTarget, PcscTarget, ReaderHands, Target
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
from bifente.testing.cards import PIN, PUK, CardMaker

SLOTS: Final = {"cps3": CPS_SLOT, "vitale2": VITALE_SLOT, "t1test": "Test"}
PROFILES: Final = {"cps3": "gp", "vitale2": "vitale-volets", "t1test": "t1test"}
"""Kind of card → slot and shipped profile."""

Cards = Mapping[str, Card]


def emulated_cards(
    maker: CardMaker, kinds: Iterator[str] | tuple[str, ...] = tuple(SLOTS)
) -> dict[str, Card]:
    """A fresh card of each of *kinds*."""
    return {kind: maker.card(PROFILES[kind]) for kind in kinds}


def _under_test(cards: Cards, places: Mapping[str, str]) -> dict[str, CardUnderTest]:
    return {
        kind: CardUnderTest(
            kind, places[kind], PIN if kind == "cps3" else None, PUK if kind == "cps3" else None
        )
        for kind in cards
    }


@contextmanager
def _reader(cards: Cards, name: str) -> Iterator[TwoSlotReader]:
    with TwoSlotReader(name, tuple(SLOTS.values()), wait=10) as reader:
        for kind, card in cards.items():
            reader.insert(SLOTS[kind], card)
        yield reader


@contextmanager
def in_process(cards: Cards, *, name: str = "in process") -> Iterator[Target]:
    """The cards in the slots of a reader of this process."""
    with _reader(cards, "bifente") as reader:
        yield InProcessTarget(reader, _under_test(cards, SLOTS), name=name)


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
) -> Iterator[Target]:
    """The cards behind a socket of this process, reached through libpcsclite as other programs reach them.

    *around* is called with the reader before it is served. Raises ConformanceError when PC/SC in this process speaks
    to another service already, ImportError without pyscard.
    """
    from bifente.reader.pcsclite import PcscServer
    from bifente.reader.relay import reader_names

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
                places = dict(zip(SLOTS, server.names, strict=True))
                yield PcscTarget(
                    _under_test(cards, places),
                    name=name,
                    destructive=True,
                    hands=ReaderHands(reader, {kind: SLOTS[kind] for kind in cards}),
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
