"""Links for the terminal's tests: a scripted one, and two software cards that know only the recognition.

The cards are written from the protocol's description with ``cryptography`` alone, so that they do not share code
with the emulator: what both accept is right twice.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa, utils
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from bifente.apdu import CardRemoved, TransmissionProtocol
from bifente.apdu.cvc import Car, Cha, CvContent, CvEnvelope, CvKey
from bifente.layouts import recognition as protocol

PIN = b"1234"


class ScriptedLink:
    """Answers from a list of (command, answer) in hexadecimal; a command ``*`` stands for any."""

    atr = bytes.fromhex("3B00")
    protocol = TransmissionProtocol.T0

    def __init__(self, *script: tuple[str, str]) -> None:
        self.script = [(want.replace(" ", ""), bytes.fromhex(answer)) for want, answer in script]
        self.log: list[str] = []

    def transmit(self, command: bytes, /) -> bytes:
        self.log.append(command.hex().upper())
        want, answer = self.script.pop(0)
        assert want in ("*", self.log[-1])
        return answer

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    def reset(self) -> bytes:
        return self.atr

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Root:
    """An authority for CV certificates."""

    car: bytes
    key: rsa.RSAPrivateKey

    @property
    def n(self) -> int:
        return self.key.public_key().public_numbers().n

    @property
    def e(self) -> int:
        return 65537

    def issue(
        self,
        pan: bytes,
        cha: Cha,
        key: rsa.RSAPrivateKey,
        effective: date = date(2024, 1, 1),
        expiry: date = date(2028, 12, 31),
        car: bytes | None = None,
    ) -> bytes:
        n = key.public_key().public_numbers().n
        content = CvContent(Car.parse(car or self.car), b"\0\0" + pan, cha, effective, expiry, n).encode()
        block = b"\x6a" + content[:222] + sha256(content).digest() + b"\xbc"
        numbers = self.key.private_numbers()
        signature = pow(int.from_bytes(block), numbers.d, self.n).to_bytes(256)
        return CvEnvelope(signature, content[222:], car or self.car).encode()


@dataclass
class TwinCard:
    """A card that knows the recognition, the PIN and one signature; as a link, with faults to inject."""

    kind: str
    pan: bytes
    key: rsa.RSAPrivateKey
    own: CvContent
    certificate: bytes
    trusted: Root
    names: tuple[bytes, ...]
    peer_domain: int
    atr: bytes = bytes.fromhex("3B00")
    protocol: TransmissionProtocol = TransmissionProtocol.T0
    verified: bool = False
    tries: int = 3
    known: CvContent | None = None
    peer: bytes | None = None
    challenge: bytes = b""
    session: tuple[bytes, bytes, bytes] | None = None
    file: bytes = b""
    chain: bytes = b""
    counter: int = 0
    hash: bytes = b""
    held: int = 0
    events: list[str] = field(default_factory=list)
    log: list[bytes] = field(default_factory=list)
    mangle: Callable[[bytes, bytes], bytes] = lambda _command, answer: answer
    before: Callable[[bytes], bytes] = lambda command: command

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.events.append(f"{self.kind} begin")
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1
            self.events.append(f"{self.kind} end")

    def reset(self) -> bytes:
        self.verified, self.known, self.session, self.challenge = False, None, None, b""
        return self.atr

    def close(self) -> None:
        pass

    def transmit(self, command: bytes, /) -> bytes:
        command = self.before(command)
        self.log.append(command)
        return self.mangle(command, self.answer(command))

    def answer(self, command: bytes) -> bytes:
        cla, ins, p1, p2 = command[:4]
        data = command[5 : 5 + command[4]] if len(command) > 5 else b""
        if cla == 0x10:
            self.chain += data
            return b"\x90\x00"
        data, self.chain = self.chain + data, b""
        match ins:
            case 0xA4:
                return self.select(p1, data)
            case 0xB0:
                offset, size = p1 << 8 | p2, command[4] or 256
                return self.file[offset : offset + size] + b"\x90\x00"
            case 0x20 if p1 == 0xFF:
                self.reset()
                return b"\x90\x00"
            case 0x20:
                return self.verify(data)
            case 0x22:
                return self.environment(p2, data)
            case 0x84:
                self.counter += 1
                self.challenge = sha256(self.pan + bytes((self.counter,))).digest()[:16]
                return self.challenge + b"\x90\x00"
            case 0x2A if p1 == 0x00:
                return self.verify_certificate(data)
            case 0x2A if p1 == 0x90:
                self.hash = data[2:]
                return b"\x90\x00"
            case 0x2A:
                return self.sign_sheet()
            case 0x88:
                return self.internal(data)
            case 0x82:
                return self.external(data)
        return b"\x6d\x00"

    def select(self, p1: int, data: bytes) -> bytes:
        if p1 == 0x04:
            return b"\x90\x00" if data in self.names else b"\x6a\x82"
        contents = {0xD083: self.certificate, 0xC001: self.certificate, 0xD003: b"\x5a\x0a" + self.pan}
        contents[0x2F02] = contents[0xD003]
        if int.from_bytes(data[-2:]) not in contents:
            return b"\x6a\x82"
        self.file = contents[int.from_bytes(data[-2:])]
        return b"\x62\x04\x80\x02" + len(self.file).to_bytes(2) + b"\x90\x00"

    def verify(self, pin: bytes) -> bytes:
        if self.tries == 0:
            return b"\x69\x83"
        if pin == PIN:
            self.verified, self.tries = True, 3
            return b"\x90\x00"
        self.tries -= 1
        self.verified, self.session = False, None
        return bytes((0x63, 0xC0 | self.tries))

    def environment(self, template: int, data: bytes) -> bytes:
        if template == 0xB6 and data[0] == 0x83 and data[2:] != self.trusted.car:
            return b"\x6a\x88"
        if template == 0xA4 and data[3] == 0x83:
            if self.known is None or self.known.chr != data[5:]:
                return b"\x6a\x88"
            self.peer = data[5:]
        return b"\x90\x00"

    def verify_certificate(self, data: bytes) -> bytes:
        from bifente.apdu import ApduError
        from bifente.apdu.cvc import verify

        try:
            content = verify(CvEnvelope.parse(data), CvKey(self.trusted.car, self.trusted.n, 65537))
        except ApduError:
            return b"\x6a\x80"
        if content.cha.domain != self.peer_domain or content.cha.usage != 1:
            return b"\x69\x85"
        if content.expiry < date(2024, 1, 1):
            return b"\x69\x84"
        self.known = content
        return b"\x90\x00"

    def internal(self, theirs: bytes) -> bytes:
        if self.kind == "CPS" and not self.verified:
            return b"\x69\x82"
        if self.kind == "Vitale" and self.session is None:
            return b"\x69\x82"
        assert self.known is not None
        own = self.own
        mine = self.challenge if self.kind == "CPS" else self.session[1]
        build = protocol.cps_token if self.kind == "CPS" else protocol.vitale_token
        token = build(own.cha.encode(), own.chr, mine, self.known.chr, theirs, bytes(32))
        return self.key.sign(token, PKCS1v15(), SHA256()) + b"\x90\x00"

    def external(self, data: bytes) -> bytes:
        theirs, issued, signature = data[:16], data[16:48], data[48:]
        mine, self.challenge = self.challenge, b""
        if not mine:
            return b"\x69\x85"
        assert self.known is not None
        build = protocol.vitale_token if self.kind == "CPS" else protocol.cps_token
        own = self.own
        token = build(self.known.cha.encode(), self.known.chr, theirs, own.chr, mine, issued)
        public = rsa.RSAPublicNumbers(65537, self.known.n).public_key()
        try:
            public.verify(signature, token, PKCS1v15(), SHA256())
        except InvalidSignature:
            return b"\x63\x00"
        self.session = (self.known.chr, mine, theirs, issued)
        return b"\x90\x00"

    def sign_sheet(self) -> bytes:
        if self.session is None:
            return b"\x69\x82"
        peer, mine, theirs, issued = self.session
        digest = protocol.sheet_digest(self.hash, self.own.chr, mine, peer, theirs, bytes(32), issued)
        return self.key.sign(digest, PKCS1v15(), utils.Prehashed(SHA256())) + b"\x90\x00"


CPS_NAMES = (bytes.fromhex("8025000001FF0100"), bytes.fromhex("E828BD080F8025000001FF0010"))
VITALE_NAMES = (
    bytes.fromhex("D2500000024D465F564954414C45"),
    bytes.fromhex("D250000002564954414C45"),
    bytes.fromhex("D2500000044164E86C650101"),
)
CPS_PAN = bytes.fromhex("8025000001290000017F")
VITALE_PAN = bytes.fromhex("8025000099190000001F")


@dataclass(frozen=True)
class Pair:
    """The two cards and the authorities behind them."""

    cps: TwinCard
    vitale: TwinCard
    cps_root: Root
    vitale_root: Root

    @property
    def anchors(self) -> tuple[Root, Root]:
        return self.cps_root, self.vitale_root


@pytest.fixture(scope="session")
def keys() -> list[rsa.RSAPrivateKey]:
    return [rsa.generate_private_key(65537, 2048) for _ in range(4)]


def make_card(
    kind: str, root: Root, trusted: Root, key: rsa.RSAPrivateKey, **certificate: object
) -> TwinCard:
    is_cps = kind == "CPS"
    pan = CPS_PAN if is_cps else VITALE_PAN
    test = 0x80 if root.car[3:4] == b"T" else 0x00
    cha = Cha(1, test, 0, 10, 0, 1) if is_cps else Cha.vitale(test)
    cha = certificate.pop("cha", cha)  # type: ignore[assignment]
    raw = root.issue(pan, cha, key, **certificate)  # type: ignore[arg-type]
    n = key.public_key().public_numbers().n
    own = CvContent(Car.parse(root.car), b"\0\0" + pan, cha, date(2024, 1, 1), date(2028, 12, 31), n)
    names = CPS_NAMES if is_cps else VITALE_NAMES
    return TwinCard(kind, pan, key, own, raw, trusted, names, 2 if is_cps else 1)


@pytest.fixture
def pair(keys: list[rsa.RSAPrivateKey]) -> Pair:
    cps_root, vitale_root = Root(b"FRCTBF01", keys[0]), Root(b"FRVTBF01", keys[1])
    return Pair(
        make_card("CPS", cps_root, vitale_root, keys[2]),
        make_card("Vitale", vitale_root, cps_root, keys[3]),
        cps_root,
        vitale_root,
    )


@pytest.fixture
def scripted() -> type[ScriptedLink]:
    return ScriptedLink


@pytest.fixture
def card_factory() -> Callable[..., TwinCard]:
    return make_card


@pytest.fixture
def removed() -> CardRemoved:
    return CardRemoved("1")
