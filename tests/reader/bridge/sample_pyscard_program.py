"""A program as pyscard's own documentation teaches it; it knows nothing of bifente. Prints what it sees."""

from smartcard.CardConnectionObserver import ConsoleCardConnectionObserver
from smartcard.CardRequest import CardRequest
from smartcard.CardType import ATRCardType
from smartcard.ExclusiveTransmitCardConnection import ExclusiveTransmitCardConnection
from smartcard.System import readers
from smartcard.util import toBytes, toHexString


def main() -> None:
    for reader in readers():
        print(reader)
    with CardRequest(timeout=5, cardType=ATRCardType(toBytes("3B 75 13 00 00 47 09 EA 90 00"))) as request:
        service = request.waitforcard()
    service.connection = ExclusiveTransmitCardConnection(service.connection)
    service.connection.addObserver(ConsoleCardConnectionObserver())
    service.connection.connect()
    service.connection.lock()
    print(toHexString(service.connection.getATR()))
    data, sw1, sw2 = service.connection.transmit(toBytes("00 A4 04 00 02 AB CD"))
    while sw1 == 0x61:
        more, sw1, sw2 = service.connection.transmit([0x00, 0xC0, 0x00, 0x00, sw2])
        data += more
    print(toHexString(data), f"{sw1:02X}{sw2:02X}")
    service.connection.unlock()
    service.connection.disconnect()


if __name__ == "__main__":
    main()
