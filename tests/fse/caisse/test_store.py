"""The store of a caisse: versions, what only grows, what is counted."""

import stat
from datetime import date
from pathlib import Path

import pytest
from caisserecords import DAY, NOW, filled
from sqlalchemy import Engine, create_engine, text

from bifente.fse.caisse.errors import CaisseError, CaisseStoreMissing, CaisseStoreNewer
from bifente.fse.caisse.store.opening import NEWEST, migrate, open_engine, store_url
from bifente.fse.caisse.store.records import OutgoingMail, ReceivedMessage
from bifente.fse.caisse.store.schema import METADATA
from bifente.fse.caisse.store.statistics import by_department, by_speciality, delays, rejects, status
from bifente.fse.caisse.store.store import CaisseStore, StoreFailed


def engine_at(path: Path) -> Engine:
    return create_engine(f"sqlite:///{path}")


def test_a_store_belongs_to_its_owner(tmp_path: Path) -> None:
    open_engine(store_url("caisse.db", tmp_path), make=True).dispose()
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_the_migrations_lead_to_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    engine = open_engine(store_url("caisse.db", tmp_path), make=True)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_revision() == NEWEST
    engine.dispose()
    folder = Path(str(migrate.__code__.co_filename)).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_heads() == [NEWEST]


def test_a_store_is_opened_again_and_not_made_by_accident(tmp_path: Path) -> None:
    url = store_url("caisse.db", tmp_path)
    with pytest.raises(CaisseStoreMissing):
        open_engine(url)
    assert not (tmp_path / "caisse.db").exists()
    open_engine(url, make=True).dispose()
    open_engine(url).dispose()


def test_a_newer_store_and_a_strange_one_are_refused(tmp_path: Path) -> None:
    open_engine(store_url("caisse.db", tmp_path), make=True).dispose()
    newer = engine_at(tmp_path / "caisse.db")
    with newer.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    newer.dispose()
    with pytest.raises(CaisseStoreNewer, match="9999"):
        open_engine(store_url("caisse.db", tmp_path))
    strange = engine_at(tmp_path / "other.db")
    with strange.begin() as connection:
        connection.execute(text("CREATE TABLE somebody (id INTEGER)"))
    strange.dispose()
    with pytest.raises(CaisseError, match="something else"):
        open_engine(store_url("other.db", tmp_path))
    (tmp_path / "text.db").write_text("not a database, but long enough to be read as the head of one\n" * 20)
    with pytest.raises(CaisseError, match="does not open"):
        open_engine(store_url("text.db", tmp_path))


@pytest.mark.parametrize("address", ["mysql://a/b", "://", "postgresql"])
def test_addresses_of_stores(address: str, tmp_path: Path) -> None:
    if "://" not in address:
        assert store_url(address, tmp_path).database == str(tmp_path / address)
        return
    with pytest.raises(CaisseError):
        store_url(address, tmp_path)


def test_a_transaction_is_all_or_nothing(caisse_store: CaisseStore) -> None:
    def interrupted() -> None:
        with caisse_store.writing() as transaction:
            transaction.note(NOW, "made")
            transaction.add_message(ReceivedMessage("1.mail", "ef" * 32, "a@b", "IR", 10), NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    with caisse_store.reading() as transaction:
        assert transaction.journal() == []
        assert not transaction.message_seen("1.mail", "ef" * 32)


@pytest.mark.parametrize("change", ["UPDATE journal SET event = 'x'", "DELETE FROM journal"])
def test_the_journal_only_grows(caisse_store: CaisseStore, change: str) -> None:
    with caisse_store.writing() as transaction:
        transaction.note(NOW, "made", "first")
        transaction.note(NOW, "arl", "second", lot=1)
    with pytest.raises(StoreFailed, match="only grows"), caisse_store.writing() as transaction:
        transaction.connection.execute(text(change))
    with caisse_store.reading() as transaction:
        assert [one.detail for one in transaction.journal()] == ["first", "second"]
        assert [one.detail for one in transaction.journal(last=1)] == ["second"]
        assert [one.detail for one in transaction.journal(lot=1)] == ["second"]
        assert transaction.journal()[0].at == NOW


def test_a_lot_is_kept_once(caisse_store: CaisseStore) -> None:
    filled(caisse_store)
    with caisse_store.reading() as transaction:
        (found,) = transaction.lots_of("991000019", 1)
        assert (found.digest, found.positive, found.day, found.arl) == ("cd" * 32, True, DAY, b"arl")
        known = transaction.invoices_of("991000019", "O", [1, 2, 3])
    assert {number: one.state for number, one in known.items()} == {1: "accepted", 2: "rejected"}
    with pytest.raises(StoreFailed) as caught:
        filled(caisse_store)
    assert caught.value.conflict


def test_settlement(caisse_store: CaisseStore) -> None:
    filled(caisse_store)
    later = date(2026, 11, 25)
    with caisse_store.writing() as transaction:
        assert transaction.professionals_due(date(2026, 11, 22)) == []
        assert transaction.professionals_due(later) == ["991000019"]
        due = transaction.due_invoices("991000019", later)
        assert [(one.number, one.state, [f.code for f in one.findings]) for one in due] == [
            (1, "accepted", []),
            (2, "rejected", ["R04"]),
        ]
        rsp = transaction.add_rsp("991000019", later, 2, 1900, b"noemie")
        transaction.settle([(one.lot, one.place, "paid") for one in due[:1]], later, rsp)
        transaction.settle([(one.lot, one.place, "rejected") for one in due[1:]], later, rsp)
    with caisse_store.reading() as transaction:
        assert transaction.professionals_due(later) == []
        assert delays(transaction) == {2: 2}


def test_the_outbox(caisse_store: CaisseStore) -> None:
    with caisse_store.writing() as transaction:
        for name, hour in (("b", 12), ("a", 10)):
            moment = NOW.replace(hour=hour)
            transaction.add_mail(OutgoingMail("arl", "c@d", "a@b", name.encode(), moment))
    with caisse_store.writing() as transaction:
        assert [one.message for one in transaction.waiting_mails(NOW)] == [b"a"]
        (waiting,) = transaction.waiting_mails(NOW)
        transaction.mails_sent([waiting.id], NOW)
        assert transaction.waiting_mails(NOW) == []
        assert [one.message for one in transaction.waiting_mails(NOW.replace(hour=13))] == [b"b"]


def test_counters_go_on(caisse_store: CaisseStore) -> None:
    with caisse_store.writing() as transaction:
        assert [transaction.count("a"), transaction.count("a"), transaction.count("b")] == [1, 2, 1]


def test_figures(caisse_store: CaisseStore) -> None:
    filled(caisse_store)
    with caisse_store.reading() as transaction:
        found = status(transaction)
        assert (found.lots_accepted, found.lots_refused, found.first) == (1, 1, DAY)
        assert [(one.state, one.invoices, one.amo) for one in found.invoices] == [
            ("accepted", 1, 2100),
            ("rejected", 1, 2100),
        ]
        assert found.codes == {"R04": 1, "L05": 1}
        assert rejects(transaction) == {"R04": 1}
        (speciality,) = by_speciality(transaction)
        assert (speciality.name, speciality.invoices, speciality.rejected) == ("01", 2, 1)
        assert by_department(transaction)[0].name == "99"
