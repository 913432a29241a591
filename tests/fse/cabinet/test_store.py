"""The file of a surgery: private, durable, migrated forward, and clear about what is wrong with it."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sheetbytes import care_sheet, signed

from bifente.fse.cabinet import Cabinet, CabinetError
from bifente.fse.cabinet.errors import (
    CabinetStoreBroken,
    CabinetStoreBusy,
    CabinetStoreMissing,
    CabinetStoreNewer,
)
from bifente.fse.cabinet.store import (
    NEWEST,
    CabinetStore,
    _engine,
    _migrate,
    _url_of,
    known_versions,
    version_of,
)
from bifente.fse.cabinet.tables import METADATA

Clock = Callable[[], object]


def at_version(path: Path, version: str) -> None:
    """A store as the release of that version has left it."""
    engine = _engine(_url_of(path)[0], 1.0)
    with engine.execution_options(bifente_writes=True).begin() as connection:
        _migrate(connection, version)
    engine.dispose()


def test_the_newest_version_is_the_last_migration() -> None:
    assert known_versions()[-1] == NEWEST
    assert known_versions()[0] == "0001"


def test_the_migrations_lead_to_the_tables(tmp_path: Path) -> None:
    store = CabinetStore.create(tmp_path / "a.db")
    with store.read() as connection:
        assert version_of(connection) == NEWEST
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    store.close()


GOLDEN = """
INSERT INTO document VALUES ('{d}', 'sheet', 3, x'010203', '2026-01-05T08:00:00+00:00', NULL);
INSERT INTO counter VALUES ('991000019', 'lot', 7);
INSERT INTO transmission VALUES (1, '000001', '01', '349', '', '{d}', '2026-01-05T08:00:00+00:00');
INSERT INTO lot VALUES (1, '991000019', 7, 'S', '01', '349', '', 'sent', 1, '{d}', NULL,
    '2026-01-05T08:00:00+00:00', '2026-01-05T08:00:00+00:00', '2026-01-07');
INSERT INTO sheet VALUES (1, '991000019', 12, 'S', 1, '01', '349', '9881', '2026-01-05', 3000, NULL, 'sent',
    '{d}', 1, NULL, '2026-01-05T08:00:00+00:00', '2026-01-05T08:00:00+00:00');
INSERT INTO event VALUES (1, '2026-01-05T08:00:00+00:00', 'sheet', 1, 'sign', NULL, 'signed', '{{}}', '{d}');
UPDATE head SET seq = 1, digest = '{d}';
"""
"""What a surgery of the first version holds."""


@pytest.mark.parametrize("version", known_versions())
def test_a_store_of_every_version_opens(version: str, tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    at_version(path, "0001")
    database = sqlite3.connect(path)
    database.executescript(GOLDEN.format(d="a" * 64))
    database.close()
    at_version(path, version)
    with Cabinet.open(path) as cabinet:
        (sheet,) = cabinet.with_number(12)
        assert (sheet.professional, sheet.state.value, sheet.amount, sheet.third_party) == (
            "991000019", "sent", 3000, True,
        )  # fmt: skip
        assert cabinet.lot(1).due == "2026-01-07"
        assert cabinet.document("a" * 64) == b"\1\2\3"
        assert cabinet.head().seq == 1
        with cabinet.store.read() as connection:
            assert version_of(connection) == NEWEST


def test_a_newer_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    CabinetStore.create(path).close()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    before = path.read_bytes()
    with pytest.raises(CabinetStoreNewer, match=r"version '9999'.*does not know") as refused:
        CabinetStore.open(path)
    assert "update bifente" in refused.value.hint
    assert path.read_bytes() == before


def test_a_migration_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.touch()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE event (x)")  # stands in the way of the last table
    database.close()
    with pytest.raises(CabinetStoreBroken):
        at_version_in_words(path)
    with sqlite3.connect(path) as database:
        assert [row[0] for row in database.execute("SELECT name FROM sqlite_master")] == ["event"]
    database.close()


def at_version_in_words(path: Path) -> None:
    store = CabinetStore(_engine(_url_of(path)[0], 1.0), str(path))
    try:
        with store.write() as connection:
            _migrate(connection)
    finally:
        store.close()


def test_it_belongs_to_its_owner_and_every_commit_is_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    store = CabinetStore.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with store.read() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        }
    store.close()
    assert settings == {
        "journal_mode": "delete", "synchronous": 3, "foreign_keys": 1, "secure_delete": 1, "busy_timeout": 10_000,
    }  # fmt: skip


def test_one_that_was_killed_before_its_tables_were_made_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "a.db").touch()
    CabinetStore.create(tmp_path / "a.db").close()
    with pytest.raises(FileExistsError):
        CabinetStore.create(tmp_path / "a.db")


def test_what_is_not_there_or_not_a_store_is_said(tmp_path: Path) -> None:
    with pytest.raises(CabinetStoreMissing, match="there is no store"):
        CabinetStore.open(tmp_path / "a.db")
    with pytest.raises(CabinetStoreMissing):
        CabinetStore.open(tmp_path)
    (tmp_path / "b.db").write_bytes(b"not a database, but long enough to look like one" * 50)
    with pytest.raises(CabinetStoreBroken, match="not the store of a surgery"):
        CabinetStore.open(tmp_path / "b.db")
    with sqlite3.connect(tmp_path / "c.db") as database:
        database.execute("CREATE TABLE other (x)")
    database.close()
    with pytest.raises(CabinetStoreMissing):
        CabinetStore.open(tmp_path / "c.db")


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("nothing://", "neither a path nor|driver"),
        ("sqlite://", "not kept in memory"),
        ("sqlite:///:memory:", "not kept in memory"),
        ("mysql://user:secret@127.0.0.1/x", "driver of this database is not installed"),
    ],
)
def test_a_place_that_is_none_is_refused(place: str, words: str) -> None:
    with pytest.raises(CabinetError, match=words) as refused:
        CabinetStore.open(place)
    assert "secret" not in str(refused.value)


def test_who_finds_it_locked_waits_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with (
        CabinetStore.create(path).write(),
        pytest.raises(CabinetStoreBusy) as refused,
        CabinetStore.open(path, busy=0.05).write(),
    ):
        pytest.fail("two wrote at once")
    assert refused.value.kind == "store-in-use"


def keep_all(cabinet: Cabinet, numbers: range) -> None:
    for number in numbers:
        cabinet.keep(signed(care_sheet(number)))


def test_a_full_disk_is_one_line_and_changes_nothing(cabinet: Cabinet) -> None:
    cabinet.keep(signed(care_sheet(1)))
    before = cabinet.head()
    engine = cabinet.store.engine
    with engine.connect() as connection:  # the pool keeps this one connection
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(CabinetStoreBroken, match="the disk is full") as refused:
        keep_all(cabinet, range(2, 60))
    assert refused.value.kind == "write-failed"
    kept = cabinet.sheets()
    assert cabinet.head().seq == before.seq + len(kept) - 1
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 100000")
    assert not cabinet.keep(signed(care_sheet(len(kept) + 1))).again, "one goes on from there"


def test_the_log_only_grows(cabinet: Cabinet) -> None:
    cabinet.keep(signed(care_sheet(1)))
    for change in ("UPDATE event SET event = 'pay'", "DELETE FROM event"):
        with (
            pytest.raises(CabinetStoreBroken, match="the event log only grows"),
            cabinet.store.write() as connection,
        ):
            connection.exec_driver_sql(change)
    assert [event.event for event in cabinet.events()] == ["sign"]
