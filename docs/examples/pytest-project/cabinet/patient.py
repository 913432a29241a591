"""The name on the carte Vitale in a PC/SC reader. As a program: ``python -m cabinet.patient``."""

import sys

from smartcard.Exceptions import CardConnectionException, NoCardException
from smartcard.System import readers
from smartcard.util import toBytes

SELECT_MF = toBytes("00 A4 04 00 0E D2 50 00 00 02 4D 46 5F 56 49 54 41 4C 45")
SELECT_IDENTITY = toBytes("00 A4 02 00 02 D0 01")


class NoVitale(Exception):
    """There is no carte Vitale in any reader."""


def patient() -> str:
    """Given name and family name, as the card writes them. Raises NoVitale."""
    for reader in readers():
        connection = reader.createConnection()
        try:
            connection.connect()
            if not _succeeds(connection, SELECT_MF):
                continue
            _succeeds(connection, SELECT_IDENTITY)
            content, sw1, sw2 = connection.transmit(toBytes("00 B0 00 00 00"))
        except (NoCardException, CardConnectionException):
            continue
        if (sw1, sw2) == (0x90, 0x00):
            return _name(bytes(content))
    raise NoVitale("no carte Vitale in any reader")


def _succeeds(connection, command: list[int]) -> bool:
    _, sw1, _ = connection.transmit(command)
    return sw1 in (0x61, 0x90)


def _name(content: bytes) -> str:
    """The objects 80 (family name) and 81 (given name) inside 65."""
    inside, fields, at = content[2 : 2 + content[1]], {}, 0
    while at + 2 <= len(inside):
        fields[inside[at]] = inside[at + 2 : at + 2 + inside[at + 1]].decode("latin-1").strip()
        at += 2 + inside[at + 1]
    return f"{fields[0x81]} {fields[0x80]}"


if __name__ == "__main__":
    try:
        print(patient())
    except NoVitale as error:
        sys.exit(str(error))
