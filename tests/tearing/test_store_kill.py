"""kill -9: what a process has reported as committed is there afterwards."""

import os
from pathlib import Path

import pytest
from killing import Report, kill_repeatedly

from bifente.applets.store.stores import SqliteStore, create_card_file

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def test_what_was_reported_is_there_after_a_kill(tmp_path: Path) -> None:
    card = tmp_path / "killed.card"
    create_card_file(card, {"counter": b"0", "twin": b"0", "other": b"o" * 9000})

    def count(store: SqliteStore, report: Report) -> None:
        value = int(store.get("counter"))
        while True:
            value += 1
            store.commit({"counter": b"%d" % value, "twin": b"%d" % value, "filler": b"%d" % value * 2000})
            report(b"%d" % value)

    def check(store: SqliteStore, reports: list[bytes]) -> str:
        stored, reported = int(store.get("counter")), int(reports[-1])
        assert stored >= reported, "a reported commit is gone"
        assert stored <= reported + 1, "a commit came from nowhere"
        assert store.get("twin") == store.get("counter"), "half a commit"
        return "as reported" if stored == reported else "one further"

    states = kill_repeatedly(card, count, check, kills=50)
    print(f"50 kills: {dict(states)}")
    assert states["as reported"] + states["one further"] == 50
    assert states["journal left"] >= 1, "no kill fell inside a commit: the test shows nothing"


def test_a_child_that_ends_by_itself_is_noticed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    card = tmp_path / "killed.card"
    create_card_file(card, {"counter": b"0"})

    def fail(store: SqliteStore, report: Report) -> None:
        store.get("absent")

    with pytest.raises(AssertionError, match="ended by itself"):
        kill_repeatedly(card, fail, lambda store, reports: "", kills=1)
    assert "KeyError" in capfd.readouterr().err
