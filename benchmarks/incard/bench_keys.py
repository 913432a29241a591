"""Every private-key operation of a CPS through APDUs, against the same operation by the bare library with the same key."""

from collections.abc import Callable, Iterator
from hashlib import sha256

from cards import powered, records
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils
from frame import Result, against_floor, pinned

from bifente.applets import SmartCard
from bifente.crypto import rsa

SELECT = "00A4040C0DE828BD080F8025000001FF0010"
VERIFY = "002000010431323334"
DIGEST = sha256(b"any message").digest()
DIGEST_INFO = bytes.fromhex("3031300D060960864801650304020105000420") + DIGEST
SIGN = "002241B606800142840181"
HASH_TEMPLATE = "002241AA03800140"
AUTHENTICATE = "002241A406840182800102"
DECIPHER = "002241B80684018280011A"
HASH = f"002A90A0229020{DIGEST.hex()}"
SECRET = b"a session key of a mail to its reader"
MOST = 1.15


def results() -> Iterator[Result]:
    """Signature after PSO HASH, signature of a digest in the command, both with their MSE SET; INTERNAL AUTHENTICATE over a
    DigestInfo, as TLS asks for; DECIPHER."""
    card = powered("gp")
    for command in (SELECT, VERIFY):
        send(card, command)
    signing = rsa.load_private(records("gp")["key/3F00/0001/81"])
    authenticating = rsa.load_private(records("gp")["key/3F00/0001/82"])
    pkcs1, prehashed = padding.PKCS1v15(), utils.Prehashed(hashes.SHA256())
    cryptogram = authenticating.public_key().encrypt(SECRET, pkcs1)

    def signature() -> bytes:
        return signing.sign(DIGEST, pkcs1, prehashed)

    def authentication() -> bytes:
        return authenticating.sign(DIGEST, pkcs1, prehashed)

    def plain() -> bytes:
        return authenticating.decrypt(cryptogram, pkcs1)

    forms: tuple[tuple[str, tuple[str, ...], Callable[[], bytes]], ...] = (
        ("PSO HASH + CDS", (HASH_TEMPLATE, SIGN, HASH, "002A9E9A00"), signature),
        ("PSO CDS of a digest", (SIGN, f"002A9E9A20{DIGEST.hex()}00"), signature),
        ("INTERNAL AUTHENTICATE", (AUTHENTICATE, f"00880000{len(DIGEST_INFO):02X}{DIGEST_INFO.hex()}00"), authentication),
        (
            "DECIPHER",
            (DECIPHER, f"102A8086C081{cryptogram[:191].hex()}", f"002A808641{cryptogram[191:].hex()}00"),
            plain,
        ),
    )  # fmt: skip
    with pinned():
        for name, commands, floor in forms:
            if send(card, *commands) != floor():
                raise RuntimeError(f"{name}: the card and the library differ")
            yield against_floor(
                f"{name}, RSA-2048",
                dialogue(card, *commands),
                floor,
                repeat=20,
                rounds=21,
                most=MOST,
                note=f"{len(commands)} APDUs; floor: the operation by cryptography",
            )


def send(card: SmartCard, *commands: str) -> bytes:
    """What the last of *commands* answered, each of which must succeed."""
    answer = b""
    for command in commands:
        answer = card.transmit(bytes.fromhex(command))
        if answer[-2:] != b"\x90\x00":
            raise RuntimeError(f"{command} answered {answer.hex()}")
    return answer[:-2]


def dialogue(card: SmartCard, *commands: str) -> Callable[[], None]:
    """*commands* to the card, already in bytes."""
    messages = [bytes.fromhex(command) for command in commands]

    def work() -> None:
        for command in messages:
            card.transmit(command)

    return work
