"""Programs written for pyscard run unchanged on the in-process reader. No PC/SC daemon is needed, and none is used."""

import gc
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("smartcard", reason="pyscard is not installed")

import smartcard
import smartcard.CardRequest
import smartcard.System
from pyscardtests import CPS, T0_ATR, VITALE, EchoCard
from smartcard.CardConnection import CardConnection
from smartcard.CardConnectionObserver import CardConnectionObserver
from smartcard.Exceptions import (
    CardConnectionException,
    NoCardException,
    SmartcardException,
)
from smartcard.ExclusiveConnectCardConnection import ExclusiveConnectCardConnection
from smartcard.ExclusiveTransmitCardConnection import ExclusiveTransmitCardConnection
from smartcard.pcsc.PCSCPart10 import getFeatureRequest
from smartcard.pcsc.PCSCReader import PCSCReader
from smartcard.reader.ReaderFactory import ReaderFactory
from smartcard.scard import (
    SCARD_ATTR_ATR_STRING,
    SCARD_ATTR_MAXINPUT,
    SCARD_ATTR_VENDOR_NAME,
    SCARD_E_NO_SMARTCARD,
    SCARD_E_PROTO_MISMATCH,
    SCARD_E_SHARING_VIOLATION,
    SCARD_E_TIMEOUT,
    SCARD_LEAVE_CARD,
    SCARD_RESET_CARD,
    SCARD_SHARE_DIRECT,
    SCARD_SHARE_EXCLUSIVE,
    SCARD_UNPOWER_CARD,
    SCARD_W_REMOVED_CARD,
    SCARD_W_RESET_CARD,
)
from smartcard.sw.ErrorCheckingChain import ErrorCheckingChain
from smartcard.sw.ISO7816_4ErrorChecker import ISO7816_4ErrorChecker
from smartcard.sw.SWExceptions import CheckingErrorException

from bifente.reader import ReaderError, TwoSlotReader
from bifente.reader import pyscard as bridge


def assert_fails(
    code: int, kind: type[SmartcardException], work: Callable[..., object], *arguments: object
) -> None:
    """*work* raises *kind* with that PC/SC code; pyscard has codes signed and unsigned."""
    with pytest.raises(kind) as caught:
        work(*arguments)
    assert caught.value.hresult % 2**32 == code % 2**32
    assert str(caught.value)


def test_a_documented_program_runs_unchanged(
    reader: TwoSlotReader, card: EchoCard, capsys: pytest.CaptureFixture[str]
) -> None:
    runpy.run_path(str(Path(__file__).with_name("sample_pyscard_program.py")), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [CPS, VITALE]
    assert lines[-9:] == [
        f"connecting to {CPS}",
        "3B 75 13 00 00 47 09 EA 90 00",
        "> 00 A4 04 00 02 AB CD",
        "<  [] 61 03",
        "> 00 C0 00 00 03",
        "< AB CD 00 90 00",
        "AB CD 00 9000",
        f"disconnecting from {CPS}",
        f"release from {CPS}",
    ]
    assert card.calls[-1] == "off"


def test_system_lists_the_registered_readers_first(reader: TwoSlotReader) -> None:
    names = [str(each) for each in smartcard.System.readers()]
    assert names[:2] == [CPS, VITALE]
    assert smartcard.listReaders()[:2] == [CPS, VITALE]
    bridge.register(reader)
    assert [str(each) for each in smartcard.System.readers()].count(CPS) == 1
    bridge.unregister(reader)
    bridge.unregister(reader)
    assert ReaderFactory.factorymethods == [PCSCReader.readers]


def test_groups(reader: TwoSlotReader) -> None:
    first = smartcard.System.readers()[0]
    first.addtoreadergroup("cabinet")
    assert [str(each) for each in smartcard.System.readers(["cabinet"])][:1] == [CPS]
    first.removefromreadergroup("cabinet")
    assert CPS not in [str(each) for each in smartcard.System.readers(["cabinet"])]


def test_a_name_is_registered_once(reader: TwoSlotReader) -> None:
    with pytest.raises(ReaderError, match="another reader is registered"):
        bridge.register(TwoSlotReader("test reader"))
    made = ReaderFactory.createReader("bifente.reader.pyscard.bridge.SlotReader", CPS)
    assert made == smartcard.System.readers()[0]
    with pytest.raises(ReaderError):
        ReaderFactory.createReader("bifente.reader.pyscard.bridge.SlotReader", "nobody")


def test_connect_transmit_disconnect(connection: CardConnection, card: EchoCard) -> None:
    for work in (connection.getATR, lambda: connection.transmit([0, 0xA4, 0, 0])):
        with pytest.raises(CardConnectionException, match="not connected"):
            work()
    connection.connect()
    assert connection.getReader() == CPS
    assert connection.getATR() == list(T0_ATR)
    assert connection.getProtocol() == CardConnection.T0_protocol
    assert connection.transmit([0x00, 0xA4, 0x04, 0x00, 0x02, 0xAB, 0xCD]) == ([], 0x61, 3)
    assert connection.transmit([0x00, 0xC0, 0x00, 0x00, 0x03]) == ([0xAB, 0xCD, 0], 0x90, 0)
    connection.disconnect()
    connection.disconnect()
    assert card.calls == ["on", "off"]
    with pytest.raises(CardConnectionException, match="not connected"):
        connection.getATR()
    connection.connect()
    assert card.calls == ["on", "off", "on"]


def test_protocols(connection: CardConnection) -> None:
    assert_fails(
        SCARD_E_PROTO_MISMATCH, CardConnectionException, connection.connect, CardConnection.T1_protocol
    )
    assert_fails(
        SCARD_E_PROTO_MISMATCH, CardConnectionException, connection.connect, CardConnection.RAW_protocol
    )
    connection.connect(CardConnection.T0_protocol | CardConnection.T1_protocol)
    assert connection.getProtocol() == CardConnection.T0_protocol
    command = [0, 0xA4, 0, 0]
    assert connection.transmit([*command, 1, 0xAB], CardConnection.T0_protocol) == ([], 0x61, 2)
    assert_fails(
        SCARD_E_PROTO_MISMATCH,
        CardConnectionException,
        connection.transmit,
        command,
        CardConnection.T1_protocol,
    )
    with pytest.raises(CardConnectionException, match="Invalid protocol"):
        connection.transmit(command, CardConnection.RAW_protocol)


@pytest.mark.parametrize(
    ("disposition", "calls"),
    [
        (None, ["on", "off"]),
        (SCARD_UNPOWER_CARD, ["on", "off"]),
        (SCARD_RESET_CARD, ["on", "reset"]),
        (SCARD_LEAVE_CARD, ["on"]),
    ],
)
def test_dispositions(
    connection: CardConnection, card: EchoCard, disposition: int | None, calls: list[str]
) -> None:
    connection.connect(disposition=disposition)
    connection.disconnect()
    assert card.calls == calls


@pytest.mark.parametrize(
    ("disposition", "calls"),
    [(None, ["reset"]), (SCARD_UNPOWER_CARD, ["off", "on"]), (SCARD_LEAVE_CARD, [])],
)
def test_reconnect(
    connection: CardConnection, card: EchoCard, disposition: int | None, calls: list[str]
) -> None:
    with pytest.raises(CardConnectionException, match="not connected"):
        connection.reconnect()
    connection.connect()
    card.calls.clear()
    connection.reconnect(disposition=disposition)
    assert card.calls == calls
    assert connection.transmit([0, 0x20, 0, 1])[1:] == (0x90, 0)


def test_an_empty_slot(reader: TwoSlotReader) -> None:
    connection = smartcard.System.readers()[1].createConnection()
    assert_fails(SCARD_E_NO_SMARTCARD, NoCardException, connection.connect)
    connection.connect(mode=SCARD_SHARE_DIRECT)
    assert getFeatureRequest(connection) == []
    with pytest.raises(CardConnectionException):
        connection.transmit([0, 0, 0, 0])
    reader.insert("Vitale", EchoCard())
    connection.reconnect(disposition=SCARD_LEAVE_CARD)
    assert connection.getATR() == list(T0_ATR)


def test_removal_and_exchange(connection: CardConnection, reader: TwoSlotReader) -> None:
    connection.connect()
    reader.remove("CPS")
    assert_fails(SCARD_W_REMOVED_CARD, CardConnectionException, connection.transmit, [0, 0, 0, 0])
    assert_fails(SCARD_W_REMOVED_CARD, CardConnectionException, connection.getATR)
    assert_fails(SCARD_E_NO_SMARTCARD, NoCardException, connection.reconnect)
    connection.disconnect()
    reader.insert("CPS", EchoCard())
    connection.connect()
    reader.remove("CPS")
    reader.insert("CPS", EchoCard())
    connection.reconnect(disposition=SCARD_LEAVE_CARD)
    assert connection.transmit([0, 0x20, 0, 1])[1:] == (0x90, 0)


def test_a_reset_by_another_is_told_until_reconnect(
    connection: CardConnection, reader: TwoSlotReader
) -> None:
    connection.connect()
    connection.transmit([0, 0x20, 0, 1])
    other = smartcard.System.readers()[0].createConnection()
    other.connect()
    other.reconnect()
    for _ in range(2):
        assert_fails(SCARD_W_RESET_CARD, CardConnectionException, connection.transmit, [0, 0x88, 0, 0])
    connection.reconnect(disposition=SCARD_LEAVE_CARD)
    assert connection.transmit([0, 0x88, 0, 0])[1:] == (0x69, 0x82)
    assert other.transmit([0, 0x88, 0, 0])[1:] == (0x69, 0x82)


def test_the_other_slots_removal_is_such_a_reset(connection: CardConnection, reader: TwoSlotReader) -> None:
    reader.insert("Vitale", EchoCard())
    connection.connect()
    reader.remove("Vitale")
    assert_fails(SCARD_W_RESET_CARD, CardConnectionException, connection.transmit, [0, 0x88, 0, 0])


def test_share_modes(connection: CardConnection, reader: TwoSlotReader) -> None:
    other = smartcard.System.readers()[0].createConnection()
    connection.connect()
    other.connect()
    assert_fails(
        SCARD_E_SHARING_VIOLATION, CardConnectionException, connection.reconnect, None, SCARD_SHARE_EXCLUSIVE
    )
    connection.disconnect()
    other.reconnect(mode=SCARD_SHARE_EXCLUSIVE)
    assert_fails(SCARD_E_SHARING_VIOLATION, CardConnectionException, connection.connect)
    other.disconnect()
    alone = ExclusiveConnectCardConnection(connection)
    alone.connect()
    assert reader.status("CPS").exclusive
    assert_fails(SCARD_E_SHARING_VIOLATION, CardConnectionException, other.connect)
    assert alone.transmit([0, 0x20, 0, 1])[1:] == (0x90, 0)


def test_locks_are_transactions(connection: CardConnection, reader: TwoSlotReader) -> None:
    reader.wait = 0.05
    reader.remove("CPS")
    reader.insert("CPS", EchoCard())
    connection.connect()
    mine = ExclusiveTransmitCardConnection(connection)
    other = smartcard.System.readers()[0].createConnection()
    other.connect()
    mine.lock()
    mine.lock()
    assert_fails(SCARD_E_TIMEOUT, CardConnectionException, other.transmit, [0, 0x20, 0, 1])
    mine.unlock()
    assert reader.status("CPS").in_transaction
    assert mine.transmit([0, 0x20, 0, 1])[1:] == (0x90, 0)
    mine.unlock()
    assert other.transmit([0, 0x20, 0, 1])[1:] == (0x90, 0)
    with pytest.raises(CardConnectionException):
        mine.unlock()


def test_a_forgotten_connection_lets_go(reader: TwoSlotReader, card: EchoCard) -> None:
    connection = smartcard.System.readers()[0].createConnection()
    connection.connect(mode=SCARD_SHARE_EXCLUSIVE)
    del connection
    gc.collect()
    assert reader.status("CPS").links == 0


def test_observers_and_error_checking(connection: CardConnection) -> None:
    class Notes(CardConnectionObserver):
        def __init__(self) -> None:
            self.seen: list[tuple[str, object]] = []

        def update(self, observable: object, handlers: object) -> None:
            self.seen.append((handlers.type, handlers.args))  # type: ignore[attr-defined]

    notes = Notes()
    connection.addObserver(notes)
    connection.connect()
    connection.transmit([0, 0x88, 0, 0])
    connection.disconnect()
    assert [kind for kind, _ in notes.seen] == ["connect", "command", "response", "disconnect"]
    assert notes.seen[2][1] == [[], 0x69, 0x82]
    connection.setErrorCheckingChain([ErrorCheckingChain([], ISO7816_4ErrorChecker())])
    connection.connect()
    with pytest.raises(CheckingErrorException):
        connection.transmit([0, 0x88, 0, 0])


def test_attributes_and_control(connection: CardConnection) -> None:
    connection.connect()
    assert connection.getAttrib(SCARD_ATTR_ATR_STRING) == list(T0_ATR)
    assert bytes(connection.getAttrib(SCARD_ATTR_VENDOR_NAME)) == b"bifente\0"
    with pytest.raises(SmartcardException):
        connection.getAttrib(SCARD_ATTR_MAXINPUT)
    assert getFeatureRequest(connection) == []
    with pytest.raises(SmartcardException):
        connection.control(0x1234)
