"""The same store on PostgreSQL: the whole road, the journal that only grows, and what two processes do to the same lot."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from caissedesk import Centre
from caisserecords import DAY, filled
from sqlalchemy import text

from bifente.fse.caisse.errors import CaisseError
from bifente.fse.caisse.store.opening import NEWEST, open_engine, store_url
from bifente.fse.caisse.store.schema import METADATA
from bifente.fse.caisse.store.statistics import by_department, delays, rejects, status
from bifente.fse.caisse.store.store import CaisseStore, StoreFailed
from bifente.fse.lots.values import LotFile


def test_the_migrations_lead_to_the_same_tables(pg_store: CaisseStore) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with pg_store.reading() as transaction:
        context = MigrationContext.configure(transaction.connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_revision() == NEWEST


@pytest.mark.parametrize(
    "change", ["UPDATE journal SET event = 'x'", "DELETE FROM journal", "TRUNCATE journal"]
)
def test_the_journal_only_grows(pg_store: CaisseStore, change: str) -> None:
    filled(pg_store)
    with pytest.raises(StoreFailed, match="only grows"), pg_store.writing() as transaction:
        transaction.connection.execute(text(change))


def test_figures_and_settlement(pg_store: CaisseStore) -> None:
    filled(pg_store)
    later = date(2026, 11, 25)
    with pg_store.writing() as transaction:
        due = transaction.due_invoices("991000019", later)
        assert [(one.number, [f.code for f in one.findings]) for one in due] == [(1, []), (2, ["R04"])]
        transaction.settle([(one.lot, one.place, "paid") for one in due], later, None)
    with pg_store.reading() as transaction:
        found = status(transaction)
        assert (found.lots_accepted, found.lots_refused, found.first) == (1, 1, DAY)
        assert [(one.state, one.invoices, one.amo, one.withheld) for one in found.invoices] == [
            ("paid", 2, 4200, 400)
        ]
        assert rejects(transaction) == {"R04": 1}
        assert delays(transaction) == {2: 2}
        assert by_department(transaction)[0].invoices == 2


def test_a_lot_is_kept_once(pg_store: CaisseStore) -> None:
    filled(pg_store)
    with pytest.raises(StoreFailed) as caught:
        filled(pg_store)
    assert caught.value.conflict


def test_the_whole_road(pg_store: CaisseStore, centre: Centre, files: Callable[..., LotFile]) -> None:
    road = replace(centre, store=pg_store)
    file = files(7, 11, 12)
    for _ in range(2):
        road.send(road.mail(file))
        road.caisse.receive(road.box)
    first, again = road.arls()
    assert first == again
    assert first.positive
    report = road.caisse.settle(date(2026, 11, 25), road.box)
    assert (report.paid, report.cents) == (2, 3800)
    (rsp,) = road.rsps()
    assert rsp.total == 3800
    with pg_store.reading() as transaction:
        assert status(transaction).repeats == 1


def test_a_server_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CaisseError, match="does not open") as caught:
        open_engine(store_url(f"postgresql://nobody:secret@/x?host={tmp_path}", tmp_path))
    assert "secret" not in str(caught.value)
