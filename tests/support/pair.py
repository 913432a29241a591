"""Two cards that know each other's authority, made by hand so that a test can forge any part of them."""

import json
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from explained import explained

from bifente.apdu import tlv
from bifente.apdu.cvc import Car, Cha, CvContent, CvEnvelope, CvKey
from bifente.applets import SmartCard, card_of, layout_of
from bifente.applets.kernel.state import (
    CardIdentity,
    encode_identity,
    encode_root,
)
from bifente.applets.store.stores import MemoryStore
from bifente.crypto import iso9796, rsa
from bifente.layouts.nodes import EF

PAN_CPS = bytes.fromhex("8025000001111111119F")
PAN_VITALE = bytes.fromhex("8025000001222222229F")
CHR_CPS, CHR_VITALE = b"\0\0" + PAN_CPS, b"\0\0" + PAN_VITALE
DOCTOR = Cha(1, 0x80, 0, 10, 0, 1)
PATIENT = Cha.vitale(0x81)
ISSUED, EXPIRES, PERSONALISED = date(2026, 1, 1), date(2029, 1, 1), date(2026, 1, 1)


@cache
def key(name: str) -> RSAPrivateKey:
    """An RSA key of 2048 bits, the same for the same name during a run."""
    return rsa.generate()


def modulus(name: str) -> int:
    return key(name).public_key().public_numbers().n


@cache
def certificate(content: CvContent, signer: str) -> bytes:
    """A CV certificate signed by whomever."""
    signature, remainder = iso9796.sign(key(signer), content.encode())
    return CvEnvelope(signature, remainder, content.car.encode()).encode()


def raw_record(content: bytes) -> bytes:
    return json.dumps({"raw": content.hex().upper()}).encode()


@dataclass(frozen=True)
class Side:
    """What one card is made of."""

    kind: str
    pan: bytes
    cha: Cha
    car: Car
    """Of its own authority."""
    signer: str
    trusted: Car
    trusted_key: str
    prefix: str
    effective: date = ISSUED
    expiry: date = EXPIRES

    @property
    def content(self) -> CvContent:
        return CvContent(
            self.car, b"\0\0" + self.pan, self.cha, self.effective, self.expiry, modulus(f"{self.prefix}83")
        )

    @property
    def certificate(self) -> bytes:
        return certificate(self.content, self.signer)


CPS = Side("cps3", PAN_CPS, DOCTOR, Car("C", "T"), "root C", Car("V", "T"), "root V", "cps ")
VITALE = Side("vitale2", PAN_VITALE, PATIENT, Car("V", "T"), "root V", Car("C", "T"), "root C", "vitale ")


def records(side: Side) -> dict[str, bytes]:
    """The records of a card of that side: eight zero bytes in the files that do not matter here."""
    return dict(_records(side))


@cache
def _records(side: Side) -> dict[str, bytes]:
    """Made once: a certificate is to be signed for them, and keys are to be written."""
    made = {
        "meta": json.dumps({"kind": side.kind, "serial": side.pan.hex()}).encode(),
        "state/date": PERSONALISED.isoformat().encode(),
        "identity": encode_identity(CardIdentity(b"\0\0" + side.pan, side.cha)),
        f"root/{side.trusted}": encode_root(CvKey(side.trusted.encode(), modulus(side.trusted_key), 65537)),
        "key/3F00/0001/83": rsa.private_bytes(key(f"{side.prefix}83")),
    }
    for path, node in layout_of(side.kind).walk():
        if isinstance(node, EF) and not node.optional:
            made[f"file/{path}"] = raw_record(bytes(8))
    if side.kind == "cps3":
        made |= {
            "pin/01": b"1234",
            "pin/01/left": b"\x03",
            "pin/02": b"12345678",
            "pin/02/left": b"\x0a",
            "pin/02/uses": b"\x00\x64",
            "key/3F00/0001/81": rsa.private_bytes(key("cps 81")),
            "key/3F00/0001/82": rsa.private_bytes(key("cps 82")),
            "file/3F00/0001/D083": raw_record(side.certificate),
            "file/3F00/0001/D107": raw_record(bytes(64)),
            "file/3F00/D003": raw_record(tlv.encode(0x5A, side.pan)),
        }
    else:
        made |= {
            "key/3F00/0002/81": rsa.private_bytes(key("vitale 81")),
            "file/3F00/C001": raw_record(side.certificate),
            "file/3F00/2F02": raw_record(tlv.encode(0x5A, side.pan)),
            "file/3F00/0001/2101": raw_record(b"rights"),
            "file/3F00/0001/2301": raw_record(b"urgence"),
            "file/3F00/0001/2302": raw_record(b"medical"),
        }
    return made


def card(side: Side) -> SmartCard:
    """A powered card of that side, in memory."""
    made = card_of(MemoryStore(records(side)), side.kind)
    made.power_on()
    return made


SELECT_CPS = "00A4040C0DE828BD080F8025000001FF0010"
SELECT_VITALE = "00A4040C0BD250000002564954414C45"
SELECT_ADELE = "00A4040C0CD2500000044164E86C650101"
VERIFY_PIN = "002000010431323334"


@dataclass
class Terminal:
    """The honest terminal between two cards, step by step; a test changes what it likes between the steps.

    Every step returns (data, status word as four hexadecimal digits).
    """

    cps: SmartCard
    vitale: SmartCard
    chr_cps: bytes = CHR_CPS
    chr_vitale: bytes = CHR_VITALE
    cps_certificate: bytes = field(default_factory=lambda: CPS.certificate)
    vitale_certificate: bytes = field(default_factory=lambda: VITALE.certificate)
    cps_car: bytes = b"FRCTBF01"
    vitale_car: bytes = b"FRVTBF01"
    rc: bytes = b""
    rv: bytes = b""

    def __post_init__(self) -> None:
        send(self.cps, SELECT_CPS)
        send(self.vitale, SELECT_VITALE)

    def pin(self) -> tuple[bytes, str]:
        return send(self.cps, VERIFY_PIN)

    def certificates(self) -> tuple[bytes, str]:
        """Step 1 on both cards; the first refusal is returned."""
        for card_, car, certificate_ in (
            (self.cps, self.vitale_car, self.vitale_certificate),
            (self.vitale, self.cps_car, self.cps_certificate),
        ):
            answer = show_certificate(card_, car, certificate_)
            if answer[1] != "9000":
                return answer
        return answer

    def challenges(self) -> tuple[bytes, str]:
        self.rc, status = send(self.cps, "0084000010")
        if status == "9000":
            self.rv, status = send(self.vitale, "0084000010")
        return b"", status

    def cps_signs(self, rv: bytes | None = None) -> tuple[bytes, str]:
        send(self.cps, "002241A40680 01E1840183".replace(" ", ""))
        return send(self.cps, "0088000010" + (self.rv if rv is None else rv).hex() + "00")

    def vitale_verifies(self, signature: bytes, rc: bytes | None = None) -> tuple[bytes, str]:
        answer = send(self.vitale, "002281A4118001E1830C" + self.chr_cps.hex())
        if answer[1] != "9000":
            return answer
        return chained(self.vitale, 0x82, 0, 0, (self.rc if rc is None else rc) + bytes(32) + signature)

    def vitale_signs(self, rc: bytes | None = None) -> tuple[bytes, str]:
        send(self.vitale, "002241A4068001E1840183")
        return send(self.vitale, "0088000010" + (self.rc if rc is None else rc).hex() + "00")

    def cps_verifies(self, signature: bytes, rv: bytes | None = None) -> tuple[bytes, str]:
        answer = send(self.cps, "002281A4118001E1830C" + self.chr_vitale.hex())
        if answer[1] != "9000":
            return answer
        return chained(self.cps, 0x82, 0, 0, (self.rv if rv is None else rv) + bytes(32) + signature)

    def recognise(self) -> str:
        """All of it with a PIN; the last status word."""
        for step in (self.pin, self.certificates, self.challenges):
            status = step()[1]
            if status != "9000":
                return status
        signature, status = self.cps_signs()
        if status == "9000":
            status = self.vitale_verifies(signature)[1]
        if status == "9000":
            signature, status = self.vitale_signs()
        if status == "9000":
            status = self.cps_verifies(signature)[1]
        return status


def send(card_: SmartCard, command: str) -> tuple[bytes, str]:
    answer = explained(card_, card_.transmit(bytes.fromhex(command)))
    return answer[:-2], answer[-2:].hex().upper()


def chained(
    card_: SmartCard, ins: int, p1: int, p2: int, data: bytes, *, answered: bool = False
) -> tuple[bytes, str]:
    """Send *data* in blocks of 255 bytes; an *answered* command has an Le field at its end."""
    blocks = [data[at : at + 255] for at in range(0, len(data), 255)]
    for block in blocks[:-1]:
        answer = send(card_, bytes((0x10, ins, p1, p2, len(block))).hex() + block.hex())
        if answer[1] != "9000":
            return answer
    last = blocks[-1]
    return send(card_, bytes((0x00, ins, p1, p2, len(last))).hex() + last.hex() + ("00" if answered else ""))


def show_certificate(card_: SmartCard, car: bytes, certificate_: bytes) -> tuple[bytes, str]:
    """MSE SET the authority, PSO VERIFY CERTIFICATE."""
    answer = send(card_, "002281B60A8308" + car.hex())
    if answer[1] != "9000":
        return answer
    return chained(card_, 0x2A, 0x00, 0xAE, certificate_)


def changed(side: Side, **fields: object) -> Side:
    """A side with other properties."""
    return replace(side, **fields)  # type: ignore[arg-type]  # the names and types are Side's own
