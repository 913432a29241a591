"""Which cards there are, and how to take one out of its file."""

import importlib
import secrets
from pathlib import Path
from typing import Final

from bifente.applets.kernel.card import RandomSource, SmartCard, read_meta
from bifente.applets.kernel.errors import CorruptCard
from bifente.applets.kernel.instruction import Table
from bifente.applets.kernel.state import META_RECORD
from bifente.applets.kernel.store import MemoryStore, SqliteStore, Store, read_snapshot
from bifente.layouts.nodes import Layout

KINDS: Final = {
    "cps3": "bifente.applets.cps3",
    "vitale2": "bifente.applets.vitale2",
    "t1test": "bifente.applets.t1test",
}
"""The kinds of card and the module of each, which is loaded when one is met; it has LAYOUT and INSTRUCTIONS."""


def layout_of(kind: str) -> Layout:
    """The layout of a kind of card. Raises CorruptCard when this program does not know the kind."""
    layout: Layout = _module(kind).LAYOUT  # type: ignore[attr-defined]  # every module of KINDS has it
    return layout


def _module(kind: str) -> object:
    name = KINDS.get(kind)
    if name is None:
        raise CorruptCard(META_RECORD, f"cards of kind {kind!r} are not known here")
    return importlib.import_module(name)


def card_of(store: Store, kind: str, *, random: RandomSource = secrets.token_bytes) -> SmartCard:
    """The card of that kind on *store*. Raises CorruptCard when this program does not know the kind."""
    instructions: Table = _module(kind).INSTRUCTIONS  # type: ignore[attr-defined]  # every module of KINDS has it
    return SmartCard(store, layout_of(kind), instructions, random=random)


def open_card(path: Path | str, *, random: RandomSource = secrets.token_bytes) -> SmartCard:
    """The card in a card file, at rest: it takes the file when it is powered. Raises StoreError or CorruptCard."""
    path = Path(path)
    with MemoryStore(read_snapshot(path)) as snapshot:
        kind = str(read_meta(snapshot).get("kind"))
    return card_of(SqliteStore(path), kind, random=random)
