"""Keys by number and MACs of triple DES: against published values, and against single DES worked by hand."""

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from hypothesis import given
from hypothesis import strategies as st

from bifente.crypto.legacy.diversified import card_key, mac_holds, retail_mac, with_parity

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")


@pytest.mark.parametrize(
    ("message", "mac"),
    [(b"Now is the time for all ", "E9086230CA3BE796"), (b"Now is the time for it", "5A692CE64F404145")],
)
def test_the_macs_of_the_standard(message: bytes, mac: str) -> None:
    """ISO/IEC 9797-1, annex: MAC algorithm 3 with padding method 2."""
    assert retail_mac(KEY, message) == bytes.fromhex(mac)


def _des(key: bytes, block: bytes, *, back: bool = False) -> bytes:
    cipher = Cipher(TripleDES(key * 3), modes.ECB())
    worker = cipher.decryptor() if back else cipher.encryptor()
    return worker.update(block) + worker.finalize()


@given(message=st.binary(max_size=40), key=st.binary(min_size=16, max_size=16))
def test_the_mac_is_the_chain_of_single_des(message: bytes, key: bytes) -> None:
    padded = message + b"\x80" + bytes(-(len(message) + 1) % 8)
    state = bytes(8)
    for at in range(0, len(padded), 8):
        state = _des(key[:8], bytes(a ^ b for a, b in zip(state, padded[at : at + 8], strict=True)))
    state = _des(key[:8], _des(key[8:], state, back=True))
    assert retail_mac(key, message) == state
    assert mac_holds(key, message, state)
    assert not mac_holds(key, message + b"\0", state)


@given(number=st.binary(min_size=8, max_size=12))
def test_a_card_has_its_number_in_its_key(number: bytes) -> None:
    """EMV 4.3 Book 2 §A1.4.1, option A: deciphered halves are the number and its complement, but for the parity."""
    key = card_key(KEY, number)
    cipher = Cipher(TripleDES(KEY + KEY[:8]), modes.ECB()).encryptor()
    halves = cipher.update(number[-8:] + bytes(255 - byte for byte in number[-8:]))
    assert bytes(byte & 0xFE for byte in key) == bytes(byte & 0xFE for byte in halves)
    assert all(byte.bit_count() % 2 for byte in key)
    assert with_parity(key) == key


@pytest.mark.parametrize("key", [b"", bytes(8), bytes(24)])
def test_other_sizes_are_refused(key: bytes) -> None:
    for call in (lambda: retail_mac(key, b"x"), lambda: card_key(key, bytes(8))):
        with pytest.raises(ValueError, match="16 bytes"):
            call()
    with pytest.raises(ValueError, match="8 bytes, not 7"):
        card_key(KEY, bytes(7))
