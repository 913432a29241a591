"""The cps suite's cases that need arithmetic: signatures against the card's own certificates, hashing, deciphering."""

import hashlib
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from bifente.apdu.command import CommandAPDU
from bifente.apdu.instructions import PERFORM_SECURITY_OPERATION, READ_BINARY, SELECT
from bifente.apdu.status import SW
from bifente.apdu.tlv import encode
from bifente.conformance.case import Bench, Collection, Need, WholeLink, check, same
from bifente.conformance.errors import Nonconformity
from bifente.terminal import CpsSession

CASES = Collection("cps")

_CPS: Final = ("cps3",)
_FREE_FILES: Final = (
    *("3F002F00", "3F002F01", "3F00D003", "3F0000015031", "3F0000015032", "3F0000017001", "3F0000017005"),
    *("3F000001D001", "3F000001D002", "3F000001D083", "3F000001D107"),
)
_DIGEST_INFO: Final = bytes.fromhex("3031300D060960864801650304020105000420")


def _session(bench: Bench) -> CpsSession:
    session = CpsSession(bench.link("cps3"))
    pin = bench.card("cps3").pin
    assert pin is not None
    session.verify_pin(pin)
    return session


def _key(der: bytes) -> RSAPublicKey:
    key = x509.load_der_x509_certificate(der).public_key()
    if not isinstance(key, RSAPublicKey):
        raise Nonconformity("the certificate's key is not an RSA key")
    return key


def _verified(key: RSAPublicKey, signature: bytes, digest: bytes, algorithm: hashes.HashAlgorithm) -> None:
    same(len(signature), 256, "bytes of the signature")
    try:
        key.verify(signature, digest, padding.PKCS1v15(), utils.Prehashed(algorithm))
    except InvalidSignature:
        raise Nonconformity("the signature does not verify with the certificate on the card") from None


@CASES.case(
    "signature-verifies",
    "Signatures of messages of every form verify with the card's certificate",
    "IAS ECC v1.0.1, PSO CDS; RFC 8017 §8.2",
    _CPS,
    Need.PIN,
)
def _signature(bench: Bench) -> None:
    session = _session(bench)
    key = _key(session.signature_certificate())
    for size in (0, 1, 63, 64, 65, 128, 300):
        message = bytes(at % 251 for at in range(size))
        _verified(key, session.sign(message), hashlib.sha256(message).digest(), hashes.SHA256())
    digest = hashlib.sha256(b"digest").digest()
    _verified(key, session.sign_digest(digest), digest, hashes.SHA256())


@CASES.case(
    "signature-sha1",
    "A signature over SHA-1, which old software still asks for",
    "CIAInfo of a real CPS3v3, algorithms 10 and 12",
    _CPS,
    Need.PIN,
)
def _sha1(bench: Bench) -> None:
    session = _session(bench)
    key = _key(session.signature_certificate())
    whole = WholeLink(session.link)
    session.enter_application()
    message = b"abc"
    for data in ("002241AA03800110", "002241B606800112840181"):
        same(whole.send(bytes.fromhex(data)).sw, SW.SUCCESS, f"the status word of {data}")
    command = CommandAPDU.build(
        0, PERFORM_SECURITY_OPERATION, 0x90, 0xA0, encode(0x90, b"") + encode(0x80, message)
    )
    same(whole.send(command.raw).sw, SW.SUCCESS, "the status word of PSO HASH")
    answer = whole.send(bytes.fromhex("002A9E9A00"))
    same(answer.sw, SW.SUCCESS, "the status word of PSO CDS")
    _verified(key, answer.data, hashlib.sha1(message).digest(), hashes.SHA1())  # noqa: S303, S324 - the card's


@CASES.case(
    "chain-of-three",
    "A message hashed by the card in a chain of three commands is signed whole",
    "ISO/IEC 7816-4:2020 §5.3.3",
    _CPS,
    Need.PIN,
)
def _three(bench: Bench) -> None:
    session = _session(bench)
    key = _key(session.signature_certificate())
    whole = WholeLink(session.link)
    session.enter_application()
    message = bytes(at % 249 for at in range(600))
    data = encode(0x80, message)
    for text in ("002241AA03800140", "002241B606800142840181"):
        same(whole.send(bytes.fromhex(text)).sw, SW.SUCCESS, f"the status word of {text}")
    for at in range(0, len(data), 255):
        cla = 0x10 if at + 255 < len(data) else 0x00
        block = CommandAPDU.build(cla, PERFORM_SECURITY_OPERATION, 0x90, 0xA0, data[at : at + 255])
        same(whole.send(block.raw).sw, SW.SUCCESS, f"the status word of the block at {at}")
    answer = whole.send(bytes.fromhex("002A9E9A00"))
    same(answer.sw, SW.SUCCESS, "the status word of PSO CDS")
    _verified(key, answer.data, hashlib.sha256(message).digest(), hashes.SHA256())


@CASES.case(
    "authentication-verifies",
    "INTERNAL AUTHENTICATE pads what it is given and signs it with key 82",
    "IAS ECC v1.0.1, INTERNAL AUTHENTICATE; RFC 8017 §9.2",
    _CPS,
    Need.PIN,
)
def _authentication(bench: Bench) -> None:
    session = _session(bench)
    key = _key(session.authentication_certificate())
    numbers = key.public_numbers()
    for data in (b"x", bytes(range(1, 52)), bytes(range(1, 103))):
        signature = session.internal_authenticate(data)
        same(len(signature), 256, "bytes of the answer")
        block = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n).to_bytes(256, "big")
        expected = b"\x00\x01" + b"\xff" * (253 - len(data)) + b"\x00" + data
        check(block == expected, f"the padding or the data signed are others, for {len(data)} bytes")
    digest = hashlib.sha256(b"tls").digest()
    _verified(key, session.internal_authenticate(_DIGEST_INFO + digest), digest, hashes.SHA256())


@CASES.case(
    "deciphers",
    "PSO DECIPHER of a chained cryptogram gives the message without padding",
    "ansforge/dops-cryptolib, card-cps3.c; ISO/IEC 7816-4:2020 §5.3.3",
    _CPS,
    Need.PIN,
)
def _deciphers(bench: Bench) -> None:
    session = _session(bench)
    key = _key(session.authentication_certificate())
    for message in (b"x", b"a session key of 32 bytes, or so.", bytes(245)):
        plain = session.decipher(key.encrypt(message, padding.PKCS1v15()))
        check(plain == message, f"a message of {len(message)} bytes is deciphered to another")


@CASES.case(
    "hash-forms-refused",
    "PSO HASH refuses a digest or an intermediate state of another size",
    "IAS ECC v1.0.1, PSO HASH",
    _CPS,
)
def _hash_forms(bench: Bench) -> None:
    whole = WholeLink(bench.link("cps3"))
    for text in ("00A4090C043F000001", "002241AA03800140", "002241B606800142840181"):
        same(whole.send(bytes.fromhex(text)).sw, SW.SUCCESS, f"the status word of {text}")
    for data in (
        encode(0x90, bytes(31)),
        encode(0x90, b""),
        encode(0x90, bytes(32)) + encode(0x80, b"x"),
        encode(0x90, bytes(32) + (512).to_bytes(8, "big")) + encode(0x80, bytes(65)),
        encode(0x81, bytes(32)),
        encode(0x80, b"a") + encode(0x80, b"b"),
    ):
        answer = whole.send(CommandAPDU.build(0, PERFORM_SECURITY_OPERATION, 0x90, 0xA0, data).raw)
        same(answer.sw, SW.INCORRECT_DATA_FIELD, f"the status word of PSO HASH {data[:6].hex().upper()}…")


@CASES.case(
    "keys-differ",
    "The two certificates are of two keys, of 2048 bits each",
    "IGC-Santé certification policy",
    _CPS,
)
def _differ(bench: Bench) -> None:
    session = CpsSession(bench.link("cps3"))
    one, other = _key(session.signature_certificate()), _key(session.authentication_certificate())
    same((one.key_size, other.key_size), (2048, 2048), "bits of the keys")
    check(one.public_numbers() != other.public_numbers(), "both certificates are of the same key")


@CASES.case(
    "sizes-agree",
    "Each file is as long as its FCP says",
    "ISO/IEC 7816-4:2020 §7.4.3, tag 80",
    _CPS,
)
def _sizes(bench: Bench) -> None:
    sizes_agree(bench, "cps3", _FREE_FILES)


def sizes_agree(bench: Bench, kind: str, paths: tuple[str, ...]) -> None:
    """Compare what the FCP of each free file says with what READ BINARY finds."""
    from bifente.apdu.files.fcp import Fcp

    whole = WholeLink(bench.link(kind))
    for path in paths:
        fids = bytes.fromhex(path)
        answer = whole.send(CommandAPDU.build(0, SELECT, 0x08, 0x04, fids, 256).raw)
        same(answer.sw, SW.SUCCESS, f"the status word of SELECT {path}")
        fcp = Fcp.parse(answer.data)
        same(fcp.fid, int.from_bytes(fids[-2:], "big"), "the FID in the FCP")
        size = fcp.size
        check(size, f"the FCP of {path} names no size")
        assert size is not None
        last = whole.send(CommandAPDU.build(0, READ_BINARY, (size - 1) >> 8, (size - 1) & 0xFF, b"", 1).raw)
        same((last.sw, len(last.data)), (SW.SUCCESS, 1), f"status word and bytes of the last byte of {path}")
        beyond = whole.send(CommandAPDU.build(0, READ_BINARY, size >> 8, size & 0xFF, b"", 1).raw)
        same(beyond.sw, SW.WRONG_P1_P2, f"the status word behind the end of {path}")
