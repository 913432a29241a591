"""Power cuts at every low-level write and sync of an issuer's update: the card has the old rights, or the new ones."""

from datetime import date
from pathlib import Path

from issued import authority, records
from tearing import Cut, sweep

from bifente.apdu.command import CommandAPDU
from bifente.applets import SmartCard, card_of
from bifente.applets.perso.edit.refresh import refreshed
from bifente.applets.store.stores import MemoryStore, SqliteStore, Store, create_card_file
from bifente.layouts.cards.vitale2 import KEYSET_ISSUER
from bifente.layouts.issuerupdate import encode_update
from bifente.workbench.cards.kiosk import rights_in

DAY = date(2027, 1, 4)


def contents(store: Store) -> dict[str, bytes]:
    return {name: store.get(name) for name in store.names()}


def powered(store: Store) -> SmartCard:
    made = card_of(store, "vitale2")
    made.power_on()
    return made


def test_every_cut_leaves_the_old_rights_or_the_new_ones() -> None:
    before = dict(records("vitale-family"))
    groups = list(rights_in("vitale-family"))
    last = max(at for at, group in enumerate(groups) if group.id == 104)
    update, _ = refreshed(before, groups[:last], authority(), DAY)
    assert update.files["3F00/0001/2204"] is None  # somebody has left the card
    data = encode_update(update)
    blocks = [data[at : at + 255] for at in range(0, len(data), 255)]

    def run(store: Store) -> None:
        made = powered(store)
        for at, block in enumerate(blocks):
            cla = 0x00 if at == len(blocks) - 1 else 0x10
            made.proven.messaging = KEYSET_ISSUER  # the session is not what is cut
            answer = made.transmit(CommandAPDU.build(cla, 0xDB, 0x3F, 0xFF, block).raw)
            assert answer == b"\x90\x00", answer.hex()

    uncut = MemoryStore(before)
    run(uncut)
    after = contents(uncut)
    answered: list[bool] = []

    def operation(store: SqliteStore) -> None:
        answered.clear()
        run(store)
        answered.append(True)

    def check(store: SqliteStore, cut: Cut) -> str:
        found = contents(store)
        if answered:
            assert found == after, "the answer had left, its effect is gone"
        assert found in (before, after), f"a mixture of old and new: {cut}"
        return "old" if found == before else "new"

    def make(path: Path) -> None:
        create_card_file(path, before)

    result = sweep(make, operation, check, tries=1)
    assert result.cuts >= 3
    assert result.states["old"]
    assert result.states["new"]
