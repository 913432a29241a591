"""Cards out of their files: which kind each is, and its records, checked."""

from collections.abc import Mapping
from os import urandom
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.applets.kernel.errors import CorruptCard
from bifente.applets.kernel.records import check_records, read_meta
from bifente.applets.kernel.state import META_RECORD
from bifente.applets.store.stores import SqliteStore, Store, read_snapshot
from bifente.layouts import registry
from bifente.layouts.nodes import Layout

if TYPE_CHECKING:
    from bifente.applets.kernel.card import RandomSource, SmartCard


def layout_of(kind: str) -> Layout:
    """The layout of a kind of card. Raises CorruptCard when this program does not know the kind."""
    return registry.layout_of(_known(kind))


def _known(kind: str) -> str:
    if kind not in registry.kinds():
        raise CorruptCard(META_RECORD, f"cards of kind {kind!r} are not known here")
    return kind


def card_of(store: Store, kind: str, *, random: "RandomSource" = urandom) -> "SmartCard":
    """The card of that kind on *store*. Raises CorruptCard when this program does not know the kind."""
    from bifente.applets.families import family_of
    from bifente.applets.kernel.card import SmartCard

    family = family_of(_known(kind))
    return SmartCard(store, family.layout, family.instructions(), classes=family.classes, random=random)


def open_card(path: Path | str, *, random: "RandomSource" = urandom) -> "SmartCard":
    """The card in a card file, at rest: it takes the file when it is powered. Raises StoreError or CorruptCard."""
    path = Path(path)
    return card_of(SqliteStore(path), kind_of(read_card(path)), random=random)


def kind_of(records: Mapping[str, bytes]) -> str:
    """Which kind of card *records* are those of. Raises CorruptCard."""
    return str(read_meta(records).get("kind", ""))


def read_card(path: Path) -> dict[str, bytes]:
    """Every record of a card file as the last commit left it, each of them checked; the card's owner is not disturbed.

    Raises StoreError, and CorruptCard for the first record that no card of its kind can have.
    """
    records = read_snapshot(path)
    check_records(records, layout_of(kind_of(records)))
    return records
