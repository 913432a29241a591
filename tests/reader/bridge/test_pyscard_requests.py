"""The bridge to pyscard: sessions, requests that wait, monitors, and pyscard without it or not there at all."""

import builtins
import sys
import threading
from queue import SimpleQueue

import pytest

pytest.importorskip("smartcard", reason="pyscard is not installed")

import smartcard
import smartcard.CardRequest
import smartcard.System
from pyscardtests import BOUND, CPS, T0_ATR, VITALE, EchoCard
from smartcard.CardConnection import CardConnection
from smartcard.CardMonitoring import CardMonitor, CardObserver
from smartcard.CardRequest import CardRequest
from smartcard.Exceptions import (
    CardConnectionException,
    CardRequestTimeoutException,
    SmartcardException,
)
from smartcard.ReaderMonitoring import ReaderMonitor, ReaderObserver
from smartcard.scard import (
    SCARD_W_UNRESPONSIVE_CARD,
)

from bifente.reader import CardWasReset, TwoSlotReader
from bifente.reader import pyscard as bridge


def test_session(reader: TwoSlotReader, card: EchoCard) -> None:
    session = smartcard.Session(CPS)
    assert session.getATR() == list(T0_ATR)
    assert session.sendCommandAPDU([0, 0x20, 0, 1]) == ([], 0x90, 0)
    session.close()


def test_a_request_waits_for_a_new_card(reader: TwoSlotReader, card: EchoCard) -> None:
    with CardRequest(timeout=0.05, newcardonly=True) as request, pytest.raises(CardRequestTimeoutException):
        request.waitforcard()
    with CardRequest(timeout=BOUND, newcardonly=True) as request:
        timer = threading.Timer(0.02, reader.insert, ("Vitale", EchoCard()))
        timer.start()
        service = request.waitforcard()
        timer.join(BOUND)
    assert service.connection.getReader() == VITALE
    service.connection.connect()
    assert service.connection.transmit([0, 0x20, 0, 1])[1:] == (0x90, 0)


def test_a_request_among_named_readers(reader: TwoSlotReader, card: EchoCard) -> None:
    with CardRequest(timeout=0.05, readers=[VITALE]) as request, pytest.raises(CardRequestTimeoutException):
        request.waitforcard()
    with CardRequest(timeout=BOUND, readers=[smartcard.System.readers()[0]]) as request:
        assert request.waitforcard().connection.getReader() == CPS


def test_a_request_sees_a_reader_arrive(reader: TwoSlotReader) -> None:
    second = TwoSlotReader("second", wait=BOUND)
    second.insert("CPS", EchoCard())
    with CardRequest(timeout=BOUND) as request:
        timer = threading.Timer(0.02, bridge.register, (second,))
        timer.start()
        assert request.waitforcard().connection.getReader() == "second [CPS] 00 00"
        timer.join(BOUND)
    bridge.unregister(second)
    second.close()


def test_card_events(reader: TwoSlotReader, card: EchoCard) -> None:
    with CardRequest(timeout=BOUND) as request:
        assert [str(each.reader) for each in request.waitforcardevent()] == [CPS]
        reader.insert("Vitale", EchoCard())
        cards = request.waitforcardevent()
        assert [str(each.reader) for each in cards] == [CPS, VITALE]
        assert cards[1].createConnection().getReader() == VITALE
        reader.remove("CPS")
        assert [str(each.reader) for each in request.waitforcardevent()] == [VITALE]


def test_card_monitor(reader: TwoSlotReader, card: EchoCard) -> None:
    news: SimpleQueue[tuple[list[str], list[str]]] = SimpleQueue()

    class Notes(CardObserver):
        def update(self, observable: object, handlers: object) -> None:
            added, removed = handlers  # type: ignore[misc]
            news.put(([str(each.reader) for each in added], [str(each.reader) for each in removed]))

    monitor, notes = CardMonitor(), Notes()
    monitor.addObserver(notes)
    seen: set[str] = set()
    while CPS not in seen:
        seen.update(news.get(timeout=BOUND)[0])
    reader.insert("Vitale", EchoCard())
    assert news.get(timeout=BOUND) == ([VITALE], [])
    reader.remove("CPS")
    assert news.get(timeout=BOUND) == ([], [CPS])
    monitor.deleteObserver(notes)
    monitor.rmthread.stop()


def test_reader_monitor() -> None:
    news: SimpleQueue[tuple[list[str], list[str]]] = SimpleQueue()

    class Notes(ReaderObserver):
        def update(self, observable: object, handlers: object) -> None:
            added, removed = handlers  # type: ignore[misc]
            news.put(([str(each) for each in added], [str(each) for each in removed]))

    reader = TwoSlotReader("watched")
    keeper = TwoSlotReader("keeper", ("A",))
    bridge.register(keeper)
    monitor, notes = ReaderMonitor(period=0.02), Notes()
    monitor.addObserver(notes)
    assert "keeper [A] 00 00" in news.get(timeout=BOUND)[0]
    bridge.register(reader)
    assert news.get(timeout=BOUND)[0] == ["watched [CPS] 00 00", "watched [Vitale] 00 01"]
    bridge.unregister(reader)
    assert news.get(timeout=BOUND)[1] == ["watched [CPS] 00 00", "watched [Vitale] 00 01"]
    monitor.deleteObserver(notes)
    bridge.unregister(keeper)


def test_without_registration_pyscard_keeps_to_pcsc(
    reader: TwoSlotReader, card: EchoCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request for other readers, or with none of ours registered, goes to pyscard's own class."""
    from bifente.reader.pyscard.request import SlotCardRequest

    assert isinstance(CardRequest(timeout=0).pcsccardrequest, SlotCardRequest)
    bridge.unregister(reader)
    for arguments in ({}, {"readers": ["some other reader"]}):
        try:
            made = CardRequest(timeout=0, **arguments).pcsccardrequest
        except SmartcardException:
            continue  # no PC/SC service here: pyscard's own answer
        assert not isinstance(made, SlotCardRequest)


def test_without_pyscard_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def refuse(name: str, *arguments: object) -> object:
        if name.split(".")[0] == "smartcard":
            raise ImportError(name)
        return real_import(name, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match="apt install python3-pyscard"):
        bridge.register(TwoSlotReader())


def test_the_reader_itself_does_not_need_pyscard() -> None:
    import subprocess

    program = "import sys; sys.modules['smartcard'] = None; import bifente.reader, bifente.reader.pyscard"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_a_card_that_does_not_start_is_unresponsive(reader: TwoSlotReader, card: EchoCard) -> None:
    """Its file was taken by another program, say, while the reader gave it no supply."""
    reader.power_off("CPS")

    def refuse() -> bytes:
        raise OSError("x.card: in use")

    card.power_on = refuse  # type: ignore[method-assign]  # a card that fails from now on
    connection = smartcard.System.readers()[0].createConnection()
    with pytest.raises(CardConnectionException, match=r"does not start: x\.card: in use") as caught:
        connection.connect()
    assert caught.value.hresult == SCARD_W_UNRESPONSIVE_CARD


def test_errors_of_the_link_keep_their_cause(connection: CardConnection, reader: TwoSlotReader) -> None:
    connection.connect()
    reader.warm_reset("CPS")
    with pytest.raises(CardConnectionException) as caught:
        connection.transmit([0, 0, 0, 0])
    assert isinstance(caught.value.__cause__, CardWasReset)
