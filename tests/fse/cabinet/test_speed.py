"""A store of a million sheets is as quick as an empty one: each statement finds its rows by an index."""

import re
from collections.abc import Iterator

import pytest
from clockhands import Hands
from farcaisse import FarCaisse
from sheetbytes import several
from sqlalchemy import event

from bifente.crypto.cms import KeySigner
from bifente.fse.cabinet import Cabinet, LotState, SheetState
from bifente.fse.cabinet.inbox import Opening
from bifente.fse.cabinet.outbox import CabinetSender
from bifente.fse.cabinet.tables import METADATA
from bifente.fse.post import MaildirPost

Statement = tuple[str, object]


@pytest.fixture
def statements(cabinet: Cabinet) -> Iterator[list[Statement]]:
    """What the database is asked, with its values."""
    found: list[Statement] = []

    def note(*arguments: object) -> None:
        found.append((str(arguments[2]), arguments[3]))

    event.listen(cabinet.store.engine, "before_cursor_execute", note)
    yield found
    event.remove(cabinet.store.engine, "before_cursor_execute", note)


def scans(cabinet: Cabinet, statements: list[Statement]) -> set[tuple[str, str]]:
    """(step of the plan, statement) of whatever reads a table from its beginning to its end."""
    found = set()
    asked = {
        statement: values for statement, values in statements if re.match("SELECT|UPDATE|DELETE", statement)
    }
    with cabinet.store.read() as connection:
        for statement, values in asked.items():
            one = values[0] if isinstance(values, list) else values
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", one)  # type: ignore[arg-type]
            details = [str(row.detail) for row in plan]
            found |= {
                (one, statement)
                for one in details
                if one.startswith("SCAN") and one.split()[1] in METADATA.tables
            }
    return found


def work(
    cabinet: Cabinet, signer: KeySigner, post: MaildirPost, sender: CabinetSender, caisse: FarCaisse, opening: Opening, clock: Hands
) -> None:  # fmt: skip
    """A day and what comes after it."""
    for raw in several((1, 2, 3), third_party=True):
        cabinet.keep(raw)
    cabinet.make_lots(signer)
    cabinet.send(post, sender)
    clock.turn(days=7)
    cabinet.retransmit(post, sender)
    file, _ = caisse.receive()
    caisse.acknowledge()
    caisse.pay(file.lots[0], {1: 2100, 2: None})
    list(cabinet.collect(post, opening))
    cabinet.replace_rejected(2)
    cabinet.due()
    cabinet.status()
    cabinet.sheets(after=1)
    cabinet.sheets(state=SheetState.PAID, after=1)
    cabinet.sheets(lot=1)
    cabinet.lots(after=1)
    cabinet.lots(state=LotState.SENT)
    cabinet.events(after=1)
    cabinet.events("sheet", 1)
    cabinet.with_number(1)
    cabinet.demand(1)
    clock.turn(days=100)
    cabinet.purge()


def test_no_statement_reads_a_whole_table(
    cabinet: Cabinet, statements: list[Statement], lot_signer: KeySigner, post: MaildirPost, sender: CabinetSender, caisse: FarCaisse, opening: Opening, clock: Hands
) -> None:  # fmt: skip
    work(cabinet, lot_signer, post, sender, caisse, opening, clock)
    assert len(statements) > 100
    found = scans(cabinet, statements)
    counting = {step for step, statement in found if "GROUP BY" in statement}
    assert counting == {
        f"SCAN {name} USING COVERING INDEX {name}_{by}"
        for name, by in (("sheet", "state"), ("lot", "state"), ("demand", "state"), ("received", "kind"))
    }
    assert {pair for pair in found if "GROUP BY" not in pair[1]} == set()


def test_a_statement_without_an_index_is_caught(cabinet: Cabinet, statements: list[Statement]) -> None:
    with cabinet.store.read() as connection:
        connection.exec_driver_sql("SELECT * FROM sheet WHERE amount = ?", (1,))
    assert [step for step, _ in scans(cabinet, statements)] == ["SCAN sheet"]


def test_a_page_asks_once_however_many_sheets_there_are(
    cabinet: Cabinet, statements: list[Statement]
) -> None:
    counts = []
    for more in ((1,), (2, 3, 4, 5)):
        for raw in several(more):
            cabinet.keep(raw)
        before = len(statements)
        cabinet.sheets()
        cabinet.status()
        counts.append(len(statements) - before)
    assert counts[0] == counts[1]
