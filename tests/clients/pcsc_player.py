"""A PC/SC program that plays the commands it is given, one a line in hexadecimal, and prints each answer.

Its argument is a part of the reader's name. It knows nothing of cards and nothing of this project: pyscard,
libpcsclite, SCardTransmit. ``reset`` and ``power`` reconnect; an error is printed as ``!`` and its code.
"""

import sys

from smartcard.scard import (
    SCARD_PCI_T0,
    SCARD_PCI_T1,
    SCARD_PROTOCOL_T0,
    SCARD_PROTOCOL_T1,
    SCARD_RESET_CARD,
    SCARD_S_SUCCESS,
    SCARD_SCOPE_USER,
    SCARD_SHARE_SHARED,
    SCARD_UNPOWER_CARD,
    SCardConnect,
    SCardEstablishContext,
    SCardListReaders,
    SCardReconnect,
    SCardTransmit,
)


def must(code: int, *values: object) -> object:
    if code != SCARD_S_SUCCESS:
        raise SystemExit(f"PC/SC error {code & 0xFFFFFFFF:08X}")
    return values[0] if len(values) == 1 else values


def main() -> None:
    context = must(*SCardEstablishContext(SCARD_SCOPE_USER))
    readers = must(*SCardListReaders(context, []))
    reader = next(name for name in readers if sys.argv[1] in name)
    either = SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1
    card, protocol = must(*SCardConnect(context, reader, SCARD_SHARE_SHARED, either))
    print(f"T={0 if protocol == SCARD_PROTOCOL_T0 else 1}", flush=True)
    for line in sys.stdin:
        word = line.strip()
        if word in ("reset", "power"):
            how = SCARD_RESET_CARD if word == "reset" else SCARD_UNPOWER_CARD
            must(*SCardReconnect(card, SCARD_SHARE_SHARED, either, how))
            print("done", flush=True)
            continue
        control = SCARD_PCI_T0 if protocol == SCARD_PROTOCOL_T0 else SCARD_PCI_T1
        code, answer = SCardTransmit(card, control, list(bytes.fromhex(word)))
        said = bytes(answer).hex().upper() if code == SCARD_S_SUCCESS else f"!{code & 0xFFFFFFFF:08X}"
        print(said, flush=True)


main()
