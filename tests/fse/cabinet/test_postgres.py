"""The same surgery on a PostgreSQL server: its day, its log that only grows, its lock, its archive."""

from collections.abc import Callable, Iterator

import postgres
import pytest
from clockhands import Hands
from farcaisse import FarCaisse
from sheetbytes import several

from bifente.crypto.cms import KeySigner
from bifente.fse.cabinet import Cabinet, CabinetError
from bifente.fse.cabinet.errors import CabinetStoreBroken, CabinetStoreBusy
from bifente.fse.cabinet.inbox import Opening
from bifente.fse.cabinet.outbox import CabinetSender
from bifente.fse.post import MaildirPost


@pytest.fixture(scope="module")
def address(require_tool: Callable[[str], str]) -> Iterator[str]:
    if postgres.program("initdb") is None:
        require_tool("initdb")
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'bifente[postgres]'")
    with postgres.served() as found:
        yield found


def test_a_day_on_postgresql(
    address: str,
    clock: Hands,
    lot_signer: KeySigner,
    post: MaildirPost,
    sender: CabinetSender,
    caisse: FarCaisse,
    opening: Opening,
) -> None:
    with Cabinet.create(address, clock=clock) as cabinet:
        for raw in several((1, 2, 3), third_party=True):
            cabinet.keep(raw)
        assert cabinet.keep(several((1,), third_party=True)[0]).again
        cabinet.make_lots(lot_signer)
        cabinet.send(post, sender)
        clock.turn(days=7)
        cabinet.retransmit(post, sender)
        file, _ = caisse.receive()
        caisse.pay(file.lots[0], {1: 2100, 2: None})
        list(cabinet.collect(post, opening))
        cabinet.replace_rejected(2)
        assert [one.state.value for one in cabinet.sheets()] == ["paid", "replaced", "ARL+", "signed"]
        with (
            pytest.raises(CabinetStoreBroken, match="the event log only grows"),
            cabinet.store.write() as connection,
        ):
            connection.exec_driver_sql("DELETE FROM event")
        with (
            cabinet.store.alone("sending"),
            pytest.raises(CabinetStoreBusy, match="is sending"),
            cabinet.store.alone("sending"),
        ):
            pytest.fail("two processes sent at once")
        assert cabinet.check_archive(noted=cabinet.head()).findings == ()
        clock.turn(days=100)
        assert cabinet.purge().sheets == 1
    with pytest.raises(CabinetError, match="there is a store already"):
        Cabinet.create(address)
    with Cabinet.open(address) as again:
        assert dict(again.status().sheets) == {"paid": 1, "replaced": 1, "ARL+": 1, "signed": 1}
