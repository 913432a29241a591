"""Programs as the users of pyscard write them; they know nothing of bifente. The first argument names one."""

import sys
import threading
from threading import Event

from smartcard.CardConnection import CardConnection
from smartcard.CardMonitoring import CardMonitor, CardObserver
from smartcard.CardRequest import CardRequest
from smartcard.CardType import AnyCardType, ATRCardType
from smartcard.Exceptions import (
    CardConnectionException,
    CardRequestTimeoutException,
    NoCardException,
    SmartcardException,
)
from smartcard.ExclusiveConnectCardConnection import ExclusiveConnectCardConnection
from smartcard.ExclusiveTransmitCardConnection import ExclusiveTransmitCardConnection
from smartcard.ReaderMonitoring import ReaderMonitor, ReaderObserver
from smartcard.scard import SCARD_RESET_CARD, SCARD_UNPOWER_CARD
from smartcard.System import readers
from smartcard.util import toBytes, toHexString

CPS_ATR = toBytes("3B AC 00 40 2A 00 12 25 00 64 80 00 03 10 00 90 00")
SELECT_CPS = toBytes("00 A4 04 0C 0D E8 28 BD 08 0F 80 25 00 00 01 FF 00 10")
READ_NAME = toBytes("00 A4 02 0C 02 D1 05")


def say(*words: object) -> None:
    print(*words, flush=True)


class Cards(CardObserver):
    def update(self, observable, handlers):
        added, removed = handlers
        for card in added:
            say("inserted", str(card.reader).split("[")[1].split("]")[0], toHexString(card.atr))
        for card in removed:
            say("removed", str(card.reader).split("[")[1].split("]")[0])


class Readers(ReaderObserver):
    def __init__(self) -> None:
        self.told = threading.Event()

    def update(self, observable, handlers):
        for reader in handlers[0]:
            say("reader", reader)
        self.told.set()


def monitor() -> None:
    """Print what happens until the standard input ends."""
    reader_monitor, reader_observer = ReaderMonitor(), Readers()
    card_monitor, card_observer = CardMonitor(), Cards()
    reader_monitor.addObserver(reader_observer)
    card_monitor.addObserver(card_observer)
    sys.stdin.read()
    # pyscard starts its thread in another thread and fails when it is to stop before that.
    reader_observer.told.wait(10)
    card_monitor.deleteObserver(card_observer)
    reader_monitor.deleteObserver(reader_observer)
    say("done")


def request() -> None:
    """Wait for a CPS, talk to it."""
    say("waiting")
    with CardRequest(timeout=20, cardType=ATRCardType(CPS_ATR)) as wanted:
        service = wanted.waitforcard()
    service.connection.connect()
    say(toHexString(service.connection.getATR()))
    _, *status = service.connection.transmit(SELECT_CPS)
    say(f"{status[0]:02X}{status[1]:02X}")
    service.connection.disconnect()


def no_request() -> None:
    """Wait in vain."""
    try:
        with CardRequest(timeout=0.5, newcardonly=True, cardType=AnyCardType()) as wanted:
            wanted.waitforcard()
    except CardRequestTimeoutException:
        say("nobody came")


def exclusive() -> None:
    """An exclusive connection keeps the others away until it ends."""
    first, second = (reader for reader in readers())
    mine = ExclusiveConnectCardConnection(first.createConnection())
    mine.connect()
    other = first.createConnection()
    try:
        other.connect()
    except SmartcardException as error:
        say("kept out", f"{error.hresult & 0xFFFFFFFF:08X}")
    neighbour = second.createConnection()
    neighbour.connect()
    say("neighbour", toHexString(neighbour.getATR()))
    say(mine.transmit(SELECT_CPS)[1:])
    mine.disconnect()
    other.connect()
    say(other.transmit(SELECT_CPS)[1:])


def transaction() -> None:
    """A locked connection is not disturbed by another; which one works is told by the order of the words."""
    from threading import Thread

    mine = ExclusiveTransmitCardConnection(readers()[0].createConnection())
    other = readers()[0].createConnection()
    mine.connect()
    other.connect()
    mine.lock()
    started = Event()

    def disturb() -> None:
        started.set()
        other.transmit(toBytes("00 A4 04 0C 08 80 25 00 00 01 FF 01 00"))
        say("the other selected the master file")

    thread = Thread(target=disturb)
    mine.transmit(SELECT_CPS)
    mine.transmit(READ_NAME)
    thread.start()
    started.wait(10)
    for _ in range(200):
        data, sw1, sw2 = mine.transmit(toBytes("00 B0 00 00 02"))
        if (data, sw1, sw2) != ([0xE4, 0x27], 0x90, 0x00):
            say("disturbed", toHexString(data), sw1, sw2)
            break
    say("undisturbed")
    mine.unlock()
    thread.join(10)
    mine.disconnect()


def protocols() -> None:
    """A card is T=0 or T=1, and says so."""
    for reader in readers():
        for protocol in (CardConnection.T0_protocol, CardConnection.T1_protocol):
            connection = reader.createConnection()
            try:
                connection.connect(protocol)
            except CardConnectionException as error:
                say(reader, protocol, f"{error.hresult & 0xFFFFFFFF:08X}")
            else:
                say(reader, protocol, "connected", connection.getProtocol())
                connection.disconnect()


def extended() -> None:
    """Commands and answers of every size that extended length knows, to the T=1 test card."""
    connection = readers()[0].createConnection()
    connection.connect(CardConnection.T1_protocol)
    for size in (1, 255, 256, 257, 4096, 32767, 65533, 65535):
        data = [index * 7 & 0xFF for index in range(size)]
        command = [0x00, 0xEE, 0, 0, 0, size >> 8, size & 0xFF, *data, 0, 0]
        answer, sw1, sw2 = connection.transmit(command)
        say(len(command), len(answer) + 2, "same" if answer == data else "other", f"{sw1:02X}{sw2:02X}")
    answer, sw1, sw2 = connection.transmit([0x00, 0xEE, 0, 0, 0, 0, 0])
    say("longest answer", len(answer) + 2, f"{sw1:02X}{sw2:02X}")
    connection.disconnect()


def reconnect() -> None:
    """Resets, and how the other connections hear of them."""
    first, second = (readers()[0].createConnection() for _ in range(2))
    first.connect()
    second.connect()
    say(first.transmit(SELECT_CPS)[1:], first.transmit(toBytes("00 20 00 01 04 31 32 33 34"))[1:])
    say(first.transmit(toBytes("00 20 00 01"))[1:])
    for disposition in (SCARD_RESET_CARD, SCARD_UNPOWER_CARD):
        second.reconnect(disposition=disposition)
        try:
            first.transmit(toBytes("00 20 00 01"))
        except CardConnectionException as error:
            say("told", f"{error.hresult & 0xFFFFFFFF:08X}")
        first.reconnect()
        say(first.transmit(toBytes("00 20 00 01"))[1:])
    first.disconnect()
    second.disconnect()


def removal() -> None:
    """The card is taken away under a connection, and another comes."""
    connection = readers()[0].createConnection()
    connection.connect()
    say(connection.transmit(SELECT_CPS)[1:])
    say("take it away")
    sys.stdin.readline()
    try:
        connection.transmit(SELECT_CPS)
    except CardConnectionException as error:
        say("told", f"{error.hresult & 0xFFFFFFFF:08X}")
    try:
        connection.reconnect()
    except (NoCardException, CardConnectionException) as error:
        say("no card", f"{error.hresult & 0xFFFFFFFF:08X}")
    say("put one in")
    sys.stdin.readline()
    connection.disconnect()
    connection.connect()
    say(connection.transmit(SELECT_CPS)[1:])
    connection.disconnect()


PROGRAMS = (
    monitor,
    request,
    no_request,
    exclusive,
    transaction,
    protocols,
    extended,
    reconnect,
    removal,
)

if __name__ == "__main__":
    {program.__name__: program for program in PROGRAMS}[sys.argv[1]]()
