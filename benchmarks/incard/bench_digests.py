"""The card finishes a digest that the host has begun, and signs it; against the same signature by the bare library."""

from collections.abc import Iterator
from hashlib import sha256

from cards import powered, records
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils
from frame import Result, against_floor

from bifente.apdu.tlv import encode
from bifente.crypto import libcrypto, rsa
from bifente.crypto.resumable import Sha256State

SELECT = "00A4040C0DE828BD080F8025000001FF0010"
VERIFY = "002000010431323334"
HASH_TEMPLATE, SIGNATURE_TEMPLATE = "002241AA03800140", "002241B606800142840181"
MESSAGE = bytes(range(256)) * 3
COMPUTE = bytes.fromhex("002A9E9A00")


def results() -> Iterator[Result]:
    """PSO HASH with a state and a whole last block, the longest there is, then PSO CDS; the floor signs the digest."""
    card = powered("gp")
    for command in (SELECT, VERIFY, HASH_TEMPLATE, SIGNATURE_TEMPLATE):
        assert card.transmit(bytes.fromhex(command))[-2:] == b"\x90\x00", command
    head, last = MESSAGE[:-64], MESSAGE[-64:]
    data = encode(0x90, Sha256State(head).state()) + encode(0x80, last)
    command = bytes.fromhex("002A90A0") + bytes((len(data),)) + data
    key = rsa.load_private(records("gp")["key/3F00/0001/81"])
    pkcs1, prehashed, digest = padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()), sha256(MESSAGE).digest()

    def subject() -> None:
        card.transmit(command)
        card.transmit(COMPUTE)

    def floor() -> None:
        key.sign(digest, pkcs1, prehashed)

    card.transmit(command)
    assert card.transmit(COMPUTE)[:-2] == key.sign(digest, pkcs1, prehashed)
    found = libcrypto.compression("sha256", Sha256State.initial) is not None
    yield against_floor(
        "PSO HASH with a state + PSO CDS, RSA-2048", subject, floor, repeat=20, rounds=21, most=1.15,
        note="hashlib's library" if found else "own code: hashlib's library cannot be reached",
    )  # fmt: skip
