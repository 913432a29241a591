"""How the database answers: from an index, so that a million sheets are no more memory than one; and stores of every version."""

import gzip
from datetime import date
from pathlib import Path

import pytest
from caisserecords import NOW, filled
from sqlalchemy import Executable, event, text
from sqlalchemy.dialects import sqlite

from bifente.fse.caisse.store.opening import NEWEST, open_engine, store_url
from bifente.fse.caisse.store.statistics import (
    BY_CODE,
    BY_DEPARTMENT,
    BY_SPECIALITY,
    BY_STATE,
    DELAYS,
    LOT_DAYS,
    status,
)
from bifente.fse.caisse.store.store import CaisseStore

GOLDEN = Path(__file__).with_name("golden")


def plan(store: CaisseStore, question: str, parameters: tuple[object, ...] = ()) -> list[str]:
    """The steps of SQLite's plan."""
    with store.reading() as transaction:
        rows = transaction.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {question}", parameters)
        return [row[3] for row in rows]


@pytest.mark.parametrize("question", [BY_STATE, BY_CODE, BY_SPECIALITY, BY_DEPARTMENT, DELAYS, LOT_DAYS])
def test_what_is_counted_comes_from_an_index_alone(caisse_store: CaisseStore, question: Executable) -> None:
    compiled = question.compile(dialect=sqlite.dialect())  # type: ignore[attr-defined]
    parameters = tuple(compiled.params[name] for name in compiled.positiontup or ())
    steps = plan(caisse_store, str(compiled), parameters)
    assert len(steps) == 1, steps
    assert "USING COVERING INDEX" in steps[0]


def test_what_a_lot_asks_is_searched_not_scanned(caisse_store: CaisseStore) -> None:
    """Every statement of a lot's transaction, of a settlement and of the outbox."""
    asked: list[tuple[str, tuple[object, ...]]] = []

    def note(_connection, _cursor, statement, parameters, _context, many) -> None:  # type: ignore[no-untyped-def]
        if statement.startswith("SELECT") and not many:
            asked.append((statement, tuple(parameters)))

    filled(caisse_store)
    engine = caisse_store._engine
    event.listen(engine, "before_cursor_execute", note)
    day = date(2026, 11, 30)
    with caisse_store.reading() as transaction:
        transaction.message_seen("1.mail", "ef" * 32)
        transaction.lots_of("991000019", 1)
        transaction.invoices_of("991000019", "O", [1, 2])
        transaction.professionals_due(day)
        transaction.due_invoices("991000019", day)
        transaction.waiting_mails(NOW)
        transaction.journal(last=5)
    event.remove(engine, "before_cursor_execute", note)
    assert len(asked) >= 8
    for statement, parameters in asked:
        steps = plan(caisse_store, statement, parameters)
        scans = [step for step in steps if step.startswith("SCAN") and "journal" not in step]
        assert scans == [], (statement, steps)


@pytest.mark.parametrize("version", ["0001"])
def test_a_store_of_every_version_opens(version: str, tmp_path: Path) -> None:
    """``golden/VERSION.sql.gz`` is the dump of a store as that version wrote it."""
    import sqlite3

    dump = gzip.decompress((GOLDEN / f"{version}.sql.gz").read_bytes()).decode()
    made = sqlite3.connect(tmp_path / "caisse.db")
    made.executescript(dump)
    made.close()
    store = CaisseStore(open_engine(store_url("caisse.db", tmp_path)))
    with store.reading() as transaction:
        found = status(transaction)
        newest = transaction.connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        assert newest == NEWEST
        assert (found.lots_accepted, found.lots_refused) == (1, 1)
        assert [(one.state, one.invoices) for one in found.invoices] == [("accepted", 1), ("rejected", 1)]
        assert [one.event for one in transaction.journal()] == ["made"]
        assert transaction.lots_of("991000019", 1)[0].arl == b"arl"
    store.close()


def test_every_version_has_its_golden_store() -> None:
    versions = GOLDEN.parents[3] / "fse" / "caisse" / "store" / "migrations" / "versions"
    wanted = {path.stem.removeprefix("v") for path in versions.glob("v*.py")}
    assert {path.name.removesuffix(".sql.gz") for path in GOLDEN.glob("*.sql.gz")} == wanted
