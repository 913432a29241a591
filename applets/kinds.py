"""Cards out of their files: which kind each is, and its records, checked."""

from collections.abc import Mapping
from os import urandom
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.applets.kernel.errors import NoContactless
from bifente.applets.kernel.records import check_records, layout_of, read_meta
from bifente.applets.store.stores import SqliteStore, Store, read_snapshot
from bifente.layouts import faces

if TYPE_CHECKING:
    from bifente.applets.kernel.card import RandomSource, SmartCard


def card_of(
    store: Store, kind: str, *, random: "RandomSource" = urandom, contactless: bool = False
) -> "SmartCard":
    """The card of that kind on *store*, or its *contactless* face.

    Raises CorruptCard when this program does not know the kind, NoContactless when there is no such face.
    """
    from bifente.applets.families import family_of
    from bifente.applets.kernel.card import SmartCard

    layout = layout_of(kind)
    family = family_of(kind)
    if contactless:
        if layout.contactless is None:
            raise NoContactless(layout.called)
        layout = faces.contactless(layout)
    return SmartCard(store, layout, family.instructions(), classes=family.classes, random=random)


def open_card(
    path: Path | str, *, random: "RandomSource" = urandom, contactless: bool = False
) -> "SmartCard":
    """The card in a card file, at rest, or its *contactless* face: it takes the file when it is powered.

    Raises StoreError, CorruptCard or NoContactless.
    """
    path = Path(path)
    return card_of(SqliteStore(path), kind_of(read_card(path)), random=random, contactless=contactless)


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
