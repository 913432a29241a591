"""The ciphers of secure messaging against the library's plain calls, and public vectors."""

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from hypothesis import given
from hypothesis import strategies as st

from bifente.crypto.errors import CryptoError
from bifente.crypto.messaging import (
    AesMessaging,
    RetailMac,
    RunningCbc,
    TripleDesMessaging,
    derive,
    diversified,
)

hexa = bytes.fromhex
KEY = hexa("000102030405060708090A0B0C0D0E0F")

messages = st.lists(
    st.tuples(st.booleans(), st.integers(1, 5), st.binary(min_size=16, max_size=16)), max_size=6
)


@given(messages, st.booleans())
def test_a_running_context_gives_what_a_fresh_one_gives(
    several: list[tuple[bool, int, bytes]], aes: bool
) -> None:
    algorithm = AES(KEY) if aes else TripleDES(KEY + KEY[:8])
    size = algorithm.block_size // 8
    running = RunningCbc(algorithm)
    for forward, blocks, vector in several:
        data = (vector * blocks)[: blocks * size]
        fresh = Cipher(algorithm, modes.CBC(vector[:size]))
        context = fresh.encryptor() if forward else fresh.decryptor()
        run = running.encrypt if forward else running.decrypt
        assert run(data, vector[:size]) == context.update(data) + context.finalize()


def test_the_retail_mac_of_icao() -> None:
    """ICAO Doc 9303-11, appendix D.3."""
    mac = RetailMac(hexa("7962D9ECE03D1ACD4C76089DCE131543"))
    message = hexa("72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F28000000000000000")
    assert mac.of(message) == mac.of(message) == hexa("5F1448EEA8AD90A7")
    single = Cipher(TripleDES(KEY + KEY[:8]), modes.CBC(bytes(8))).encryptor()
    assert RetailMac(KEY).of(b"8 bytes.") == single.update(b"8 bytes.")


def test_cmac_of_aes_as_in_rfc_4493() -> None:
    key = hexa("2B7E151628AED2A6ABF7158809CF4F3C")
    assert AesMessaging(key, key).checksum(hexa("6BC1BEE22E409F96E93D7E117393172A")) == hexa(
        "070A16B46B4D4144"
    )


def test_the_vector_of_aes_is_the_enciphered_counter() -> None:
    counter, block = hexa("00" * 15 + "07"), b"sixteen bytes..."
    codebook = Cipher(AES(KEY), modes.ECB()).encryptor()
    chained = Cipher(AES(KEY), modes.CBC(codebook.update(counter))).encryptor()
    messaging = AesMessaging(KEY, KEY)
    cryptogram = messaging.encipher(counter, block)
    assert cryptogram == chained.update(block)
    assert messaging.decipher(counter, cryptogram) == block


def test_derivation_of_icao() -> None:
    """ICAO Doc 9303-11, appendix D.1, without the adjustment of parity."""
    enciphering, authenticating = derive(hexa("239AB9CB282DAF66231DC5A4DF6BFBAE"), "sha1")
    printed = hexa("AB94FDECF2674FDFB9B391F85D7F76F2"), hexa("7962D9ECE03D1ACD4C76089DCE131543")
    for ours, theirs in zip((enciphering, authenticating), printed, strict=True):
        assert bytes(byte & 0xFE for byte in ours) == bytes(byte & 0xFE for byte in theirs)
    assert derive(b"seed", "sha256") != derive(b"seed", "sha1")


def test_a_cards_key_comes_from_its_serial_number() -> None:
    codebook = Cipher(TripleDES(KEY + KEY[:8]), modes.ECB()).encryptor()
    assert diversified(KEY, hexa("0001090948578056")) == codebook.update(
        hexa("0001090948578056FFFEF6F6B7A87FA9")
    )


@pytest.mark.parametrize("size", [0, 8, 24])
def test_keys_of_another_length_are_refused(size: int) -> None:
    for make in (
        lambda: TripleDesMessaging(bytes(size), KEY, always_pads=False),
        lambda: AesMessaging(KEY, bytes(size)),
        lambda: diversified(bytes(size), bytes(8)),
        lambda: diversified(KEY, bytes(size + 1)),
    ):
        with pytest.raises(CryptoError):
            make()
