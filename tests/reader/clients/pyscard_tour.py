"""pyscard_tour.py: pyscard's own API against the reader that is served; prints what it sees."""

from smartcard.CardConnection import CardConnection
from smartcard.CardRequest import CardRequest
from smartcard.CardType import AnyCardType, ATRCardType
from smartcard.Exceptions import CardConnectionException, NoCardException
from smartcard.ExclusiveConnectCardConnection import ExclusiveConnectCardConnection
from smartcard.pcsc.PCSCPart10 import getFeatureRequest, getPinProperties, getTlvProperties
from smartcard.System import readers
from smartcard.util import toHexString

names = readers()
print("readers", *names, sep="|")
one = names[0].createConnection()
one.connect()
atr = one.getATR()
print("atr", toHexString(atr, 1), one.getProtocol() == CardConnection.T1_protocol)
print("echo", *one.transmit([0x80, 1, 2, 3, 2, 0xAA, 0xBB]))
long = [0x80, 1, 2, 3, 0, 0x40, 0] + [0x5A] * 0x4000
data, sw1, sw2 = one.transmit(long)
print("extended", len(data), sw1, sw2)
one.reconnect(disposition=1)
print("reconnected", *one.transmit([0x80, 1, 2, 3, 1, 0x11]))
one.disconnect()
exclusive = ExclusiveConnectCardConnection(names[0].createConnection())
exclusive.connect()
print("exclusive", *exclusive.transmit([0x80, 1, 2, 3, 1, 0x22]))
try:
    other = names[0].createConnection()
    other.connect()
    print("not exclusive")
except CardConnectionException:
    print("excluded")
exclusive.disconnect()
try:
    names[1].createConnection().connect()
    print("not empty")
except NoCardException:
    print("empty")
found = CardRequest(timeout=5, cardType=AnyCardType(), readers=[names[0]]).waitforcard()
print("request", found.connection.getReader())
found = CardRequest(timeout=5, cardType=ATRCardType(atr)).waitforcard()
print("by atr", found.connection.getReader())
direct = names[1].createConnection()
direct.connect(protocol=0, mode=3)
features = getFeatureRequest(direct)
print("features", *(tag for tag, _ in features), sep="|")
print("pin", getPinProperties(direct, features)["LcdLayoutX"])
print("tlv", getTlvProperties(direct, features)["PCSCv2_PART10_PROPERTY_dwMaxAPDUDataSize"])
