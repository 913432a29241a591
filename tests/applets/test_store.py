"""Both stores behave alike; commits are atomic, whatever fails."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st
from powercut import Disk

from bifente.applets.store import cardfile
from bifente.applets.store.stores import (
    MemoryStore,
    SqliteStore,
    Store,
    StoreClosed,
    StoreError,
    StoreFull,
    StoreWriteError,
    create_card_file,
    read_snapshot,
)

RECORDS = {"pin/01": b"\x03", "ef/d001": b"certificate" * 100, "ef/d002": b"", "meta": b"{}"}


def contents(store: Store) -> dict[str, bytes]:
    return {name: store.get(name) for name in store.names()}


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MemoryStore | SqliteStore]:
    if request.param == "memory":
        made: MemoryStore | SqliteStore = MemoryStore(RECORDS)
    else:
        create_card_file(tmp_path / "x.card", RECORDS)
        made = SqliteStore(tmp_path / "x.card")
    with made:
        yield made


def test_records_are_read_and_changed(store: Store) -> None:
    assert contents(store) == RECORDS
    store.commit({"pin/01": b"\x02", "ef/d002": None, "new": b"n"})
    assert contents(store) == {"pin/01": b"\x02", "ef/d001": RECORDS["ef/d001"], "meta": b"{}", "new": b"n"}


def test_names_are_sorted_and_chosen_by_prefix(store: Store) -> None:
    store.commit({"ef/é": b"1", "eg": b"2", "ef": b"3", "EF/1": b"4", "ef/\U0010ffff": b"5", "%": b"6"})
    assert store.names("ef/") == ["ef/d001", "ef/d002", "ef/é", "ef/\U0010ffff"]
    assert store.names() == sorted(store.names())
    assert store.names("nothing") == []


def test_an_absent_record_is_a_key_error(store: Store) -> None:
    with pytest.raises(KeyError, match="absent"):
        store.get("absent")
    store.commit({"absent": None})
    store.commit({})
    assert contents(store) == RECORDS


def test_opening_and_closing_twice_is_allowed(store: Store) -> None:
    store.open()
    store.close()
    store.close()
    with pytest.raises(StoreClosed, match="not open"):
        store.get("meta")
    with pytest.raises(StoreClosed):
        store.names()
    with pytest.raises(StoreClosed):
        store.commit({"meta": b""})
    store.open()
    assert contents(store) == RECORDS


class Interrupting(dict[str, bytes | None]):
    """Changes whose enumeration is interrupted after the first."""

    def items(self) -> Iterator[tuple[str, bytes | None]]:  # type: ignore[override]
        yield next(iter(super().items()))
        raise KeyboardInterrupt

    def keys(self) -> Iterator[str]:  # type: ignore[override]
        raise KeyboardInterrupt

    def values(self) -> Iterator[bytes | None]:  # type: ignore[override]
        raise KeyboardInterrupt


def test_an_interrupted_commit_changes_nothing(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt):
        store.commit(Interrupting({"meta": b"half", "pin/01": b"half"}))
    assert contents(store) == RECORDS
    store.commit({"meta": b"whole"})
    assert store.get("meta") == b"whole"


def test_a_value_of_a_wrong_type_changes_nothing_in_a_file(tmp_path: Path) -> None:
    create_card_file(tmp_path / "x.card", RECORDS)
    with SqliteStore(tmp_path / "x.card") as store:
        for wrong in ("text", 5, object()):
            with pytest.raises(Exception) as caught:
                store.commit({"pin/01": b"\x00", "meta": wrong})  # type: ignore[dict-item]
            assert not isinstance(caught.value, StoreError), "a fault of the program is not one of the file"
            assert contents(store) == RECORDS


def test_a_memory_store_is_apart_from_what_it_was_made_of() -> None:
    records = dict(RECORDS)
    with MemoryStore(records) as store:
        store.commit({"meta": b"changed"})
        snapshot = store.snapshot()
        store.commit({"meta": b"again"})
    assert records == RECORDS
    assert snapshot == RECORDS | {"meta": b"changed"}


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
changes = st.dictionaries(names, st.none() | st.binary(max_size=6000), max_size=6)


@given(st.lists(changes, max_size=6), st.data())
def test_both_stores_agree_with_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory, commits: list[dict[str, bytes | None]], data: st.DataObject
) -> None:
    folder = Path("/dev/shm") if Path("/dev/shm").is_dir() else tmp_path_factory.getbasetemp()
    path = folder / f"model-{id(data)}.card"
    create_card_file(path, RECORDS)
    try:
        oracle: dict[str, bytes] = dict(RECORDS)
        with SqliteStore(path) as file, MemoryStore(RECORDS) as memory:
            for commit in commits:
                file.commit(commit)
                memory.commit(commit)
                for name, value in commit.items():
                    oracle.pop(name, None)
                    if value is not None:
                        oracle[name] = value
                prefix = data.draw(names)
                assert file.names(prefix) == memory.names(prefix)
            assert contents(file) == contents(memory) == oracle
            assert read_snapshot(path) == oracle
        assert read_snapshot(path) == oracle
    finally:
        path.unlink()


# --- a disk that fails ---------------------------------------------------------------------------------------------


class Fault:
    """Fails with the code of its kind at the step number `at` of those that can fail so, and from then on when it
    `lasts`."""

    def __init__(self, codes: dict[str, int], at: int, lasts: bool) -> None:
        self.codes = codes
        self.at = at
        self.lasts = lasts
        self.seen = 0
        self.hits = 0
        self.enabled = False

    def __call__(self, kind: str, name: str) -> None:
        if not self.enabled or kind not in self.codes:
            return
        self.seen += 1
        if self.seen == self.at or (self.lasts and self.seen > self.at):
            self.hits += 1
            code = self.codes[kind]
            error = apsw.exception_for(code)
            error.extendedresult = code  # type: ignore[attr-defined]
            raise error


@pytest.mark.parametrize("lasts", [False, True], ids=["once", "lasting"])
@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        # A folder that cannot take one more name shows as "cannot open".
        ({"write": apsw.SQLITE_FULL, "create": apsw.SQLITE_CANTOPEN}, {StoreFull, StoreWriteError}),
        (
            {
                "write": apsw.SQLITE_IOERR_WRITE,
                "sync": apsw.SQLITE_IOERR_FSYNC,
                "delete": apsw.SQLITE_IOERR_DELETE,
                "truncate": apsw.SQLITE_IOERR_TRUNCATE,
            },
            {StoreWriteError},
        ),
    ],
    ids=["disk full", "I/O error"],
)
def test_a_failing_disk_leaves_the_records_whole(
    tmp_path: Path, codes: dict[str, int], expected: set[type[StoreError]], lasts: bool
) -> None:
    path = tmp_path / "x.card"
    create_card_file(path, RECORDS)
    changes: Mapping[str, bytes | None] = {"pin/01": b"\x02", "ef/d002": b"e" * 20_000, "meta": None}
    after = {"pin/01": b"\x02", "ef/d001": RECORDS["ef/d001"], "ef/d002": b"e" * 20_000}
    failures: list[StoreError] = []
    for at in range(1, 100):
        fault = Fault(codes, at, lasts)
        disk = Disk({path.name: path.read_bytes()}, fault=fault)
        with SqliteStore(path, connect=disk.connect) as store:
            fault.enabled = True
            try:
                store.commit(changes)
            except StoreError as failure:
                failures.append(failure)
            fault.enabled = False
            found = contents(store)
            assert found in (RECORDS, after)
            store.commit({"later": b"1"})
            assert contents(store) == found | {"later": b"1"}
        disk.unplug()
        if not fault.hits:
            break
    else:
        pytest.fail("the commit does not end")
    assert len(failures) > 5
    assert {type(failure) for failure in failures} == expected
    for each in failures:
        assert "\n" not in str(each)
        assert str(path) in str(each)
        assert each.hint


def test_a_reader_that_does_not_finish_makes_the_commit_fail_in_bounded_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cardfile, "BUSY_TIMEOUT_MS", 50)
    path = tmp_path / "x.card"
    create_card_file(path, RECORDS)
    with SqliteStore(path) as store:
        reader = cardfile.connect_sqlite(path, "ro")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM record").fetchall()
        with pytest.raises(StoreWriteError, match="keeps reading"):
            store.commit({"meta": b"new"})
        assert contents(store) == RECORDS
        reader.execute("COMMIT")
        reader.close()
        store.commit({"meta": b"new"})
        assert store.get("meta") == b"new"


def test_a_card_file_that_is_moved_away_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "x.card"
    create_card_file(path, RECORDS)
    with SqliteStore(path) as store:
        path.rename(tmp_path / "moved.card")
        with pytest.raises(StoreWriteError, match="moved or removed"):
            store.commit({"meta": b"new"})
    assert read_snapshot(tmp_path / "moved.card") == RECORDS
