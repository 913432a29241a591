"""120 kill -9 of a real process that presents PINs: no try ever comes back."""

import os
from pathlib import Path

import pytest
from killing import Report, kill_repeatedly
from pair import CPS, VERIFY_PIN, records, send

from bifente.applets import card_of
from bifente.applets.store.stores import SqliteStore, create_card_file

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

WRONG_PIN = "002000010439393939"
CHANGE_PIN = "00240001083132333431323334"
"""To the same value, which goes by the journal as any other; a counter alone is overwritten where it stands."""
KILLS = 120


def test_kill_9_gives_no_try_back(tmp_path: Path) -> None:
    path = tmp_path / "killed.card"
    create_card_file(path, records(CPS))
    with SqliteStore(path) as store:
        card_of(store, "cps3").power_on()  # so that no child has to import what a card does

    def present_pins(store: SqliteStore, report: Report) -> None:
        card = card_of(store, "cps3")
        card.power_on()
        while True:
            for command, name in (
                (WRONG_PIN, b"wrong"),
                (WRONG_PIN, b"wrong"),
                (VERIFY_PIN, b"right"),
                (WRONG_PIN, b"wrong"),
                (CHANGE_PIN, b"change"),
            ):
                report(b"begin " + name)
                _, status = send(card, command)
                report(name + b" " + status.encode())

    def check(store: SqliteStore, reports: list[bytes]) -> str:
        left = store.get("pin/01/left")[0]
        # what the last answer said, then what the command that was under way may have made of it
        answers = [line for line in reports if not line.startswith(b"begin")]
        known = 3
        if answers:
            known = 3 if answers[-1] in (b"right 9000", b"change 9000") else int(answers[-1][-1:])
        under_way = reports[-1] if reports[-1].startswith(b"begin") else None
        allowed = {known}
        if under_way is not None:
            allowed |= {known - 1, *((3,) if under_way != b"begin wrong" else ())}
        assert left in allowed, f"{left} tries left after {reports[-3:]}"
        store.commit({"pin/01/left": b"\x03"})
        return "as answered" if left == known else "under way"

    states = kill_repeatedly(path, present_pins, check, kills=KILLS, seed=1)
    print(f"{KILLS} kills: {dict(states)}")
    assert states["as answered"] + states["under way"] == KILLS
    assert states["journal left"] >= 1, "no kill fell inside a commit: the test shows nothing"
