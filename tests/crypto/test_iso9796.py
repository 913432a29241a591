"""ISO/IEC 9796-2 scheme 1 with SHA-256: the block, its three headers, and refusals."""

import hashlib

import pytest
from construct import ConstructError
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu.declared.cvstructures import signed_block
from bifente.crypto import iso9796, rsa
from bifente.crypto.errors import CryptoError


def opened(n: int, signature: bytes) -> bytes:
    return pow(int.from_bytes(signature), 65537, n).to_bytes(256)


def test_a_long_message_is_recovered_in_part(key: RSAPrivateKey, n: int) -> None:
    message = bytes(i & 0xFF for i in range(302))
    signature, remainder = iso9796.sign(key, message)
    assert (len(signature), remainder) == (256, message[222:])
    assert opened(n, signature) == b"\x6a" + message[:222] + hashlib.sha256(message).digest() + b"\xbc"


def test_a_message_that_fits_exactly_has_header_4a(key: RSAPrivateKey, n: int) -> None:
    signature, remainder = iso9796.sign(key, b"m" * 222)
    assert remainder == b""
    assert opened(n, signature)[:2] == b"\x4am"


def test_a_short_message_is_padded_with_bb_to_ba(key: RSAPrivateKey, n: int) -> None:
    block = opened(n, iso9796.sign(key, b"m" * 219)[0])
    assert block[:4].hex() == "4bbbbbba"
    assert opened(n, iso9796.sign(key, b"m" * 221)[0])[:3] == b"\x4b\xbam"


@given(data=st.data())
def test_sign_and_recover(key: RSAPrivateKey, n: int, data: st.DataObject) -> None:
    size = data.draw(st.sampled_from((0, 1, 219, 220, 221, 222, 223, 224, 302)))
    message = data.draw(
        st.binary(min_size=size, max_size=size) | st.just(b"\xba" * size) | st.just(b"\xbb" * size)
    )
    signature, remainder = iso9796.sign(key, message)
    assert iso9796.recover(n, 65537, signature, remainder) == message


def test_no_flipped_bit_passes(key: RSAPrivateKey, n: int) -> None:
    signature, remainder = iso9796.sign(key, bytes(302))
    for position in range(256 + 80):
        broken = bytearray(signature + remainder)
        broken[position] ^= 1 << position % 8
        with pytest.raises(CryptoError):
            iso9796.recover(n, 65537, bytes(broken[:256]), bytes(broken[256:]))


def forged(key: RSAPrivateKey, block: bytes) -> bytes:
    return rsa.apply_private(key, int.from_bytes(block)).to_bytes(256)


def test_headers_must_agree_with_the_remainder(key: RSAPrivateKey, n: int) -> None:
    body = b"m" * 222
    for header, remainder in ((0x6A, b""), (0x4A, b"r"), (0x4B, b"r"), (0x4B, b""), (0x42, b"")):
        digest = hashlib.sha256(body + remainder).digest()
        signature = forged(key, bytes((header,)) + body + digest + b"\xbc")
        with pytest.raises(CryptoError):
            iso9796.recover(n, 65537, signature, remainder)


def test_lengths_and_ranges(key: RSAPrivateKey, n: int) -> None:
    signature, remainder = iso9796.sign(key, bytes(302))
    for wrong in (signature[:-1], signature + b"\0", b"", b"\xff" * 256):
        with pytest.raises(CryptoError):
            iso9796.recover(n, 65537, wrong, remainder)
    with pytest.raises(CryptoError):
        iso9796.recover(n >> 1900, 65537, signature, remainder)


@given(message=st.binary(max_size=302))
def test_a_signature_cut_at_each_byte_is_refused(key: RSAPrivateKey, n: int, message: bytes) -> None:
    signature, remainder = iso9796.sign(key, message)
    cuts = [(signature[:size], remainder) for size in range(len(signature))]
    cuts += [(signature, remainder[:size]) for size in range(len(remainder))]
    for cut in cuts:
        with pytest.raises(CryptoError):
            iso9796.recover(n, 65537, *cut)


@given(
    signature=st.binary(max_size=300) | st.binary(min_size=256, max_size=256),
    remainder=st.binary(max_size=90),
)
def test_garbage_is_no_signature(n: int, signature: bytes, remainder: bytes) -> None:
    with pytest.raises(CryptoError):
        iso9796.recover(n, 65537, signature, remainder)


BLOCK = signed_block(256)


def told(block: bytes, remainder: bytes) -> bytes | None:
    """The message that a block holds, as its declaration and its digest say; None when they refuse it."""
    try:
        parsed = BLOCK.parse(block)
    except ConstructError:
        return None
    message: bytes = parsed.message + remainder
    fits = (parsed.header == b"\x6a") == bool(remainder)
    return message if fits and hashlib.sha256(message).digest() == parsed.digest else None


@given(
    message=st.sampled_from((0, 1, 200, 221, 222, 223, 302)).flatmap(
        lambda size: st.binary(min_size=size, max_size=size)
    )
)
def test_blocks_are_built_as_declared(key: RSAPrivateKey, n: int, message: bytes) -> None:
    signature, remainder = iso9796.sign(key, message)
    header = b"\x6a" if len(message) > 222 else b"\x4a" if len(message) == 222 else b"\x4b"
    fields = {"header": header, "message": message[:222], "digest": hashlib.sha256(message).digest()}
    assert BLOCK.build(fields) == opened(n, signature)
    assert told(opened(n, signature), remainder) == message


@given(data=st.data())
def test_spoiled_blocks_are_opened_as_declared(data: st.DataObject) -> None:
    """The public operation of exponent 1 changes nothing, so that any block can be tried."""
    message = data.draw(st.binary(max_size=6) | st.binary(min_size=222, max_size=226))
    room = message[:222]
    padding = b"" if len(room) == 222 else b"\xba".rjust(222 - len(room), b"\xbb")
    header = data.draw(st.sampled_from((0x6A, 0x4A, 0x4B, 0x42)))
    block = bytearray(bytes((header,)) + padding + room + hashlib.sha256(message).digest() + b"\xbc")
    if data.draw(st.booleans()):
        block[data.draw(st.integers(1, 255))] = data.draw(st.sampled_from((0xBA, 0xBB, 0xBC, 0)))
    modulus = (1 << 2048) - 1
    try:
        by_hand = iso9796.recover(modulus, 1, bytes(block), message[222:])
    except CryptoError:
        by_hand = None
    assert told(bytes(block), message[222:]) == by_hand
