"""Power cuts at every low-level write and sync of the writing commands of the ISO test card: before or after, never between."""

from datetime import date
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from tearing import Cut, sweep

from bifente.applets import card_of
from bifente.applets.perso import personalise, read_profile
from bifente.applets.store.stores import MemoryStore, SqliteStore, Store, create_card_file
from bifente.crypto import rsa

TREE = "00E000000F620D82013883027000840441424344"
CASES = [
    # one row: name, commands before, the command that is swept
    ("UPDATE RECORD", [], "00DC012408" + "AA" * 8),
    ("APPEND RECORD", [], "00E2002803AABBCC"),
    ("APPEND RECORD, the oldest gives way", ["00E2003006" + "AA" * 6], "00E2003006" + "BB" * 6),
    ("WRITE RECORD", [], "00D2012408" + "FF" * 8),
    ("ERASE RECORD", [], "000C0125"),
    ("UPDATE RECORD of a part", [], "00DD0124065401025301AA"),
    ("WRITE BINARY", [], "00D0820004AABBCCDD"),
    ("ERASE BINARY", [], "000E8100"),
    ("UPDATE BINARY with an offset object", [], "00D70001075401015302AABB"),
    ("PUT DATA", [], "00DA010103AABBCC"),
    ("PUT DATA of several", [], "00DB3FFF075B01317F210132"),
    ("CREATE FILE", [], "00E0000013621180020040820101830270028801408A0103"),
    ("CREATE FILE of a DF", [], TREE),
    ("DELETE FILE", [], "00E4000002E104"),
    ("DELETE FILE of a DF with a file in it", [TREE, "00E000000F620D80020010820101830270018800", "00A4000C"], "00E40000027000"),
    ("DEACTIVATE FILE", [], "0004000002E101"),
    ("ACTIVATE FILE", ["0004000002E101"], "0044000002E101"),
    ("TERMINATE EF", [], "00E8000002E101"),
    ("TERMINATE DF", [], "00E6000002E200"),
    ("TERMINATE CARD USAGE", [], "00FE0000"),
    ("GENERATE ASYMMETRIC KEY PAIR", ["00A4010C02E200", "0022F301"], "0046800000"),
]  # fmt: skip


@cache
def fresh() -> dict[str, bytes]:
    return personalise(read_profile("isotest"), None, today=date(2026, 3, 2))


def contents(store: Store) -> dict[str, bytes]:
    return {name: store.get(name) for name in store.names()}


def run(store: Store, before: list[str], command: str) -> None:
    """*before* is what only a powered card keeps, or stands in the card already."""
    card = card_of(store, "isotest")
    card.power_on()
    card.proven.verified.add(1)
    for each in before:
        card.transmit(bytes.fromhex(each))
    answer = card.transmit(bytes.fromhex(command))
    assert answer[-2:] == b"\x90\x00" or answer[-2] == 0x61, (command, answer.hex())


VOLATILE = {"GENERATE ASYMMETRIC KEY PAIR"}


@pytest.mark.parametrize(("name", "earlier", "command"), CASES, ids=[case[0] for case in CASES])
def test_every_cut_leaves_the_card_before_or_after(
    name: str,
    earlier: list[str],
    command: str,
    pooled_keys: list[RSAPrivateKey],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rsa, "generate", lambda *_: pooled_keys[0])
    start, again = MemoryStore(fresh()), [] if name not in VOLATILE else earlier
    if again != earlier:
        card = card_of(start, "isotest")
        card.power_on()
        card.proven.verified.add(1)
        for each in earlier:
            assert card.transmit(bytes.fromhex(each)) == b"\x90\x00", each
    else:
        start.open()
    before = contents(start)
    uncut = MemoryStore(before)
    run(uncut, again, command)
    after = contents(uncut)
    assert after != before
    answered: list[bool] = []

    def operation(store: SqliteStore) -> None:
        answered.clear()
        run(store, again, command)
        answered.append(True)

    def check(store: SqliteStore, _cut: Cut) -> str:
        found = contents(store)
        assert found in ([after] if answered else [before, after])
        card = card_of(MemoryStore(found), "isotest")
        card.power_on()
        return "after" if found == after else "before"

    def make(path: Path) -> None:
        create_card_file(path, before)

    result = sweep(make, operation, check, tries=1)
    assert result.cuts >= 3
    assert {"before", "after"} <= set(result.states)
