"""Secure messaging: a protected READ BINARY in the card kernel, against the ciphers alone with fresh contexts."""

from collections.abc import Callable, Iterator

from cards import powered
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from frame import Result, pinned, rate_against

from bifente.apdu import CommandAPDU
from bifente.apdu.messaging import next_counter, protect_command
from bifente.applets import SmartCard
from bifente.applets.kernel.state import MessagingSession
from bifente.crypto.messaging import protection
from bifente.layouts.cards.cps3 import KEYSET_ISSUER

SELECT = bytes.fromhex("00A4090C043F002F01")
READ = CommandAPDU.parse(bytes.fromhex("00B0000010"))
TURNS = 1_000
ENCIPHERING, AUTHENTICATING = bytes(range(16)), bytes(range(16, 32))
COVERED, ANSWER = 24, 40
"""Bytes that the checksums of this command and of its answer cover."""


def protected(card: SmartCard, cipher: str) -> Callable[[], None]:
    """TURNS commands, made beforehand, in a session that begins anew."""
    terminal = protection(cipher, ENCIPHERING, AUTHENTICATING)
    counter = bytes(terminal.counter_size)
    commands = []
    for _ in range(TURNS):
        counter = next_counter(counter)
        commands.append(protect_command(terminal, counter, READ).raw)
        counter = next_counter(counter)
    transmit = card.transmit
    theirs = protection(cipher, ENCIPHERING, AUTHENTICATING)

    def work() -> None:
        card.channels[0].session = MessagingSession(KEYSET_ISSUER, theirs, bytes(terminal.counter_size))
        for command in commands:
            assert transmit(command)[-2:] == b"\x90\x00"

    return work


def _triple_des() -> None:
    """What the library does for one command: two retail MACs and one cryptogram, each context fresh."""
    double = ENCIPHERING + ENCIPHERING[:8]
    Cipher(TripleDES(double), modes.CBC(bytes(8))).encryptor().update(bytes(24))
    for size in (COVERED, ANSWER):
        Cipher(TripleDES(AUTHENTICATING[:8] * 3), modes.CBC(bytes(8))).encryptor().update(bytes(size - 8))
        last = AUTHENTICATING + AUTHENTICATING[:8]
        Cipher(TripleDES(last), modes.CBC(bytes(8))).encryptor().update(bytes(8))


def _aes() -> None:
    """The same with AES: an initial vector, a cryptogram, two CMAC."""
    Cipher(AES(ENCIPHERING), modes.ECB()).encryptor().update(bytes(16))
    Cipher(AES(ENCIPHERING), modes.CBC(bytes(16))).encryptor().update(bytes(32))
    for size in (COVERED, ANSWER):
        mac = CMAC(AES(AUTHENTICATING))
        mac.update(bytes(size))
        mac.finalize()


def _often(once: Callable[[], None]) -> Callable[[], None]:
    def work() -> None:
        for _ in range(TURNS):
            once()

    return work


def results() -> Iterator[Result]:
    """A file of sixteen bytes read, with both ciphers."""
    card = powered("gp")
    assert card.transmit(SELECT) == b"\x90\x00"
    with pinned():
        for cipher, floor in (("3DES", _triple_des), ("AES", _aes)):
            yield rate_against(
                f"READ BINARY 16 under secure messaging, {cipher}",
                protected(card, cipher),
                _often(floor),
                TURNS,
                rounds=11,
                most=4.0,
                note="times the bare calls of `cryptography`, contexts made anew",
            )
