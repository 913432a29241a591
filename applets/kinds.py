"""Which cards there are, and how to take one out of its file."""

import importlib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bifente.applets.kernel.errors import CorruptCard
from bifente.applets.kernel.state import META_RECORD
from bifente.applets.kernel.store import MemoryStore, SqliteStore, Store, read_snapshot
from bifente.layouts.nodes import Layout

if TYPE_CHECKING:
    from bifente.applets.kernel.card import RandomSource, SmartCard
    from bifente.applets.kernel.instruction import Table

KINDS: Final = {
    "cps3": "bifente.applets.cps3",
    "vitale2": "bifente.applets.vitale2",
    "t1test": "bifente.applets.t1test",
}
"""The kinds of card and the module of each, which is loaded when one is met; it has INSTRUCTIONS. Its layout is the module
of the same name in ``bifente.layouts``: a card that is only looked at needs no instructions."""


def layout_of(kind: str) -> Layout:
    """The layout of a kind of card. Raises CorruptCard when this program does not know the kind."""
    layout: Layout = importlib.import_module(f"bifente.layouts.{_known(kind)}").LAYOUT
    return layout


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise CorruptCard(META_RECORD, f"cards of kind {kind!r} are not known here")
    return kind


def card_of(store: Store, kind: str, *, random: "RandomSource" = secrets.token_bytes) -> "SmartCard":
    """The card of that kind on *store*. Raises CorruptCard when this program does not know the kind."""
    from bifente.applets.kernel.card import SmartCard

    instructions: Table = importlib.import_module(KINDS[_known(kind)]).INSTRUCTIONS
    return SmartCard(store, layout_of(kind), instructions, random=random)


def open_card(path: Path | str, *, random: "RandomSource" = secrets.token_bytes) -> "SmartCard":
    """The card in a card file, at rest: it takes the file when it is powered. Raises StoreError or CorruptCard."""
    from bifente.applets.kernel.card import read_meta

    path = Path(path)
    with MemoryStore(read_snapshot(path)) as snapshot:
        kind = str(read_meta(snapshot).get("kind"))
    return card_of(SqliteStore(path), kind, random=random)
