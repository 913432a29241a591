"""Power cuts at every step of the store's commits: before or after, never between, and never back."""

from pathlib import Path

import pytest
from tearing import Check, Cut, Operation, SweepResult, sweep

from bifente.applets.store.stores import SqliteStore, Store, create_card_file

OLD = {"counter": b"\x03", "data": b"old" * 40, "gone": b"x" * 5000, "other": b"untouched"}


def make(path: Path) -> None:
    create_card_file(path, OLD)


def contents(store: Store) -> dict[str, bytes]:
    return {name: store.get(name) for name in store.names()}


def before_or_after(new: dict[str, bytes]) -> Check:
    def check(store: SqliteStore, cut: Cut) -> str:
        found = contents(store)
        if cut.finished:
            assert found == new, "the commit had returned, and is gone"
        if found == new:
            return "after"
        assert found == OLD, "neither before nor after"
        return "before"

    return check


CHANGES: dict[str, dict[str, bytes | None]] = {
    "one byte": {"counter": b"\x02"},
    "one record": {"data": b"other"},
    "several records": {"counter": b"\x02", "data": b"new" * 40, "fresh": b"n" * 300},
    "removal": {"gone": None, "counter": b"\x00"},
    "growth beyond the page cache": {"data": b"g" * 60_000, "counter": b"\x01"},
    "shrinking": {"gone": b"", "data": b""},
}


@pytest.mark.parametrize("name", CHANGES)
def test_commit_is_all_or_nothing(name: str) -> None:
    changes = CHANGES[name]
    new = {key: value for key, value in {**OLD, **changes}.items() if value is not None}
    result = sweep(make, lambda store: store.commit(changes), before_or_after(new), recovery=True)
    print(f"{name}: {result}")
    # one byte is overwritten where it stands: two pages and a sync
    assert result.cuts == 3 if name == "one byte" else result.cuts >= 10
    assert set(result.states) == {"before", "after"}
    assert result.states["after"] >= 1


def test_two_commits_are_two_steps_and_the_first_never_comes_back() -> None:
    """A try is consumed and committed; what follows in the same command may be lost, the try may not."""
    answered: list[str] = []

    def verify(store: SqliteStore) -> None:
        answered.clear()
        store.commit({"counter": b"\x02"})
        answered.append("consumed")
        store.commit({"counter": b"\x03", "data": b"new"})
        answered.append("answered")

    def check(store: SqliteStore, cut: Cut) -> str:
        state = store.get("counter"), store.get("data")
        name = {
            (b"\x03", OLD["data"]): "before",
            (b"\x02", OLD["data"]): "before minus one try",
            (b"\x03", b"new"): "after",
        }[state]
        assert not (answered and name == "before"), "the try came back"
        assert not (len(answered) == 2 and name != "after"), "the answer was given, its effect is gone"
        return name

    result = sweep(make, verify, check, recovery=True)
    print(f"two commits: {result}")
    assert set(result.states) == {"before", "before minus one try", "after"}


def test_reading_writes_nothing() -> None:
    def read(store: SqliteStore) -> None:
        assert contents(store) == OLD
        store.close()
        store.open()

    result = sweep(make, read, before_or_after(OLD))
    assert result.cuts == 0


def careless(synchronous: str) -> Operation:
    """A commit on a store whose owner has lowered the durability behind its back."""

    def commit(store: SqliteStore) -> None:
        database = store._database
        assert database is not None
        list(database.execute(f"PRAGMA synchronous={synchronous}"))
        store.commit({"counter": b"\x02", "gone": b"y" * 5000})

    return commit


def swept_carelessly(synchronous: str) -> SweepResult:
    new = {**OLD, "counter": b"\x02", "gone": b"y" * 5000}
    return sweep(make, careless(synchronous), before_or_after(new))


def test_the_sweep_catches_a_store_that_does_not_sync() -> None:
    with pytest.raises(AssertionError, match=r"cut \d+ at"):
        swept_carelessly("OFF")


@pytest.mark.parametrize("synchronous", ["NORMAL", "FULL"])
def test_the_sweep_catches_a_journal_that_comes_back(synchronous: str) -> None:
    """Without EXTRA the folder is not synced after the journal's removal: the commit had returned, and is undone."""
    with pytest.raises(AssertionError, match=r"after the end.*the commit had returned, and is gone"):
        swept_carelessly(synchronous)


def test_the_sweep_finds_nothing_at_full_durability() -> None:
    assert set(swept_carelessly("EXTRA").states) == {"before", "after"}


def test_the_sweep_catches_an_operation_in_two_halves() -> None:
    def halves(store: SqliteStore) -> None:
        store.commit({"counter": b"\x02"})
        store.commit({"data": b"new"})

    with pytest.raises(AssertionError, match="neither before nor after"):
        sweep(make, halves, before_or_after({**OLD, "counter": b"\x02", "data": b"new"}))
