"""Signing inside the card against the same signature by the bare library with the same key."""

from collections.abc import Iterator

from cards import powered, records
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils
from frame import Result, against_floor

from bifente.crypto import rsa

SELECT = bytes.fromhex("00A4040C0DE828BD080F8025000001FF0010")
VERIFY = bytes.fromhex("002000010431323334")
DIGEST = bytes(range(32))
HASH = bytes.fromhex("002A90A0229020") + DIGEST
COMPUTE = bytes.fromhex("002A9E9A00")


def results() -> Iterator[Result]:
    """PSO HASH and PSO CDS through APDUs; the floor signs the digest."""
    card = powered("gp")
    for command in (
        SELECT,
        VERIFY,
        bytes.fromhex("002241AA03800140"),
        bytes.fromhex("002241B606800142840181"),
    ):
        assert card.transmit(command)[-2:] == b"\x90\x00", command.hex()
    key = rsa.load_private(records("gp")["key/3F00/0001/81"])
    pkcs1, prehashed = padding.PKCS1v15(), utils.Prehashed(hashes.SHA256())

    def subject() -> None:
        card.transmit(HASH)
        card.transmit(COMPUTE)

    def floor() -> None:
        key.sign(DIGEST, pkcs1, prehashed)

    card.transmit(HASH)
    assert card.transmit(COMPUTE)[:-2] == key.sign(DIGEST, pkcs1, prehashed)
    yield against_floor("PSO HASH + PSO CDS, RSA-2048", subject, floor, repeat=20, rounds=21, most=1.15)
