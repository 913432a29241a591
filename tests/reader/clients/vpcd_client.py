"""A program that uses PC/SC through pyscard's thin layer over libpcsclite, one errand a run. Prints what it got.

usage: vpcd_client.py ERRAND READER [ARGUMENT…]
"""

import sys
import time

from smartcard import scard

WAIT_MS = 15_000


def state_of(context: object, reader: str, wanted: int) -> bytes:
    """Wait until the reader's state has the bits; the ATR."""
    until = time.monotonic() + WAIT_MS / 1000
    known = scard.SCARD_STATE_UNAWARE
    while True:
        _, ((_, state, atr),) = scard.SCardGetStatusChange(context, WAIT_MS, [(reader, known)])
        if state & wanted:
            return bytes(atr)
        if time.monotonic() > until:
            raise TimeoutError(f"{reader}: state {state:X}")
        known = state


def connect(context: object, reader: str) -> tuple[object, int]:
    protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
    result, card, protocol = scard.SCardConnect(context, reader, scard.SCARD_SHARE_SHARED, protocols)
    if result != scard.SCARD_S_SUCCESS:
        raise ConnectionError(scard.SCardGetErrorMessage(result))
    return card, protocol


def transmit(card: object, protocol: int, command: bytes) -> tuple[str, bytes]:
    result, answer = scard.SCardTransmit(card, protocol, list(command))
    return f"{result & 0xFFFFFFFF:08X}", bytes(answer or b"")


def main(errand: str, reader: str, *arguments: str) -> None:
    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    atr = state_of(context, reader, scard.SCARD_STATE_PRESENT)
    if errand == "atr":
        print(atr.hex().upper())
    elif errand == "send":
        card, protocol = connect(context, reader)
        for argument in arguments:
            result, answer = transmit(card, protocol, bytes.fromhex(argument))
            print(result, answer.hex().upper())
            if not answer:
                state_of(context, reader, scard.SCARD_STATE_EMPTY)
    elif errand == "sizes":
        for argument in arguments:
            state_of(context, reader, scard.SCARD_STATE_PRESENT)
            card, protocol = connect(context, reader)
            result, answer = transmit(card, protocol, bytes((0, 0x10, 0, 0)) + bytes(int(argument) - 4))
            print(argument, result, len(answer))
            scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
            if result != "00000000":
                state_of(context, reader, scard.SCARD_STATE_EMPTY)
    elif errand == "power":
        card, protocol = connect(context, reader)
        print(transmit(card, protocol, b"\x00\x10\x00\x00")[1].hex())
        for how in (scard.SCARD_RESET_CARD, scard.SCARD_UNPOWER_CARD):
            _, protocol = scard.SCardReconnect(card, scard.SCARD_SHARE_SHARED, protocol, how)
            print(transmit(card, protocol, b"\x00\x11\x00\x00")[1].hex())
        scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
    elif errand == "watch":
        for wanted in (scard.SCARD_STATE_EMPTY, scard.SCARD_STATE_PRESENT):
            print("watching", flush=True)
            sys.stdin.readline()
            print(state_of(context, reader, wanted).hex().upper(), flush=True)
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
