"""The CPS3 without contacts: its answer to reset, what it gives without PIN, and the counters of the one chip."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from issued import TODAY, authority, records

from bifente.apdu.reset.atr import Atr
from bifente.applets import SmartCard, card_of
from bifente.applets.kernel.errors import NoContactless
from bifente.applets.perso.edit.change import expire
from bifente.applets.perso.edit.dump import dump
from bifente.applets.store.stores import MemoryStore
from bifente.codes.usage import CertificateUsage
from bifente.igc.errors import UntrustedCertificate
from bifente.layouts.cards import cps3
from bifente.layouts.faces import contactless
from bifente.layouts.names import layout_for_atr

CONTACT, CONTACTLESS = "00A4040C0DE828BD080F8025000001FF0010", "00A4040C0DE828BD080F8025000001FF0020"
PIN = "002000010431323334"
WRONG = "002000010439393939"
DOCP = "00CB3FFF0A4D087006BF810102A08000"

LATER = (
    "file/3F00/0002/5032",
    "file/3F00/0002/7002",
    "file/3F00/0002/7005",
    "file/3F00/0002/D001",
    "key/3F00/0002/84",
)
"""What cards have had since there is a contactless face."""


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(records("gp"))


@pytest.fixture
def held(store: MemoryStore) -> Iterator[SmartCard]:
    """The card against a reader."""
    card = card_of(store, "cps3", contactless=True)
    card.power_on()
    yield card
    card.power_off()


def talk(card: SmartCard, *commands: str) -> str:
    """The answer to the last of *commands*."""
    for command in commands:
        answer = card.transmit(bytes.fromhex(command))
    return answer.hex().upper()


def read(card: SmartCard, path: str) -> bytes:
    assert talk(card, f"00A4090C{len(path) // 2:02X}{path}") == "9000"
    content = b""
    while True:
        answer = card.transmit(bytes.fromhex(f"00B0{len(content):04X}00"))
        if answer[-2:] == b"\x6b\x00":
            return content
        assert answer[-2:] in (b"\x90\x00", b"\x62\x82")
        content += answer[:-2]
        if len(answer) < 258:
            return content


def test_its_answer_to_reset_is_the_one_that_a_reader_makes(held: SmartCard) -> None:
    # ansforge/dops-cryptolib, card-cps.c, and pcsc-tools
    assert held.power_on() == bytes.fromhex("3B8F80010031B86404B0ECC1739401808290000E")
    assert held.reset() == held.layout.atr
    Atr.parse(held.layout.atr)
    found = layout_for_atr(held.layout.atr)
    assert found is not None
    assert found.title == "CPS3, contactless"


def test_the_public_files_are_free(held: SmartCard) -> None:
    # FCP of a real CPS3v3: 9C 07 7B FF FF FF FF FF 00
    assert read(held, "3F002F01") == cps3.EF_ATR
    assert read(held, "3F002F00")[:2] == b"\x61\x32"
    assert read(held, "3F00D003")[:2] == b"\x5a\x0a"


def test_it_says_the_same_of_its_files_as_with_contacts(held: SmartCard) -> None:
    assert talk(held, "00A40904043F002F0100") == (
        "62258002003982010183022F018801E8A1128C077B45FFFFFF45009C077BFFFFFFFFFF008A01059000"
    )
    assert talk(held, "00A4000C023F00", DOCP) == "7016BF810112A0109A01039B0103A1088C06F3000013FF009000"


def test_the_middleware_finds_out_that_there_are_no_contacts(held: SmartCard) -> None:
    # card-cps3.c, cps3_check_type: it selects EF.AODF and reads a byte
    assert talk(held, "00A40904063F000001700100").endswith("9000")
    assert talk(held, "00B0000001") == "6982"


@pytest.mark.parametrize("fid", ["D104", "D105", "D108", "D110", "D120", "D001", "D002", "7006", "D083"])
def test_the_contact_application_is_closed(held: SmartCard, fid: str) -> None:
    assert talk(held, f"00A4090C063F000001{fid}") == "9000"
    assert talk(held, "00B0000001") == "6982"


def test_the_pin_cannot_be_presented_and_no_try_is_lost(held: SmartCard) -> None:
    for _ in range(4):
        assert talk(held, WRONG) == "6982"
        assert talk(held, PIN) == "6982"
    assert talk(held, "002C0001" + "0D" + b"1234567812345".hex()) == "6982"
    assert "9B0103" in talk(held, "00A4000C023F00", DOCP)


def test_its_keys_of_the_contacts_do_nothing(held: SmartCard) -> None:
    assert talk(held, CONTACT, "002241A406800102840182", "00880000045445535400") == "6982"
    assert talk(held, "002241B606800142840181") == "9000"
    assert talk(held, "002A9E9A20" + "AA" * 32 + "00") == "6982"


def test_the_technical_key_needs_no_pin(held: SmartCard) -> None:
    certificate = x509.load_der_x509_certificate(read(held, "3F000002D001"))
    key = certificate.public_key()
    assert isinstance(key, RSAPublicKey)
    assert talk(held, CONTACTLESS, "002241A406800102840184") == "9000"
    digest = bytes(range(32))
    told = bytes.fromhex("3031300D060960864801650304020105000420") + digest
    signature = held.transmit(bytes.fromhex("0088000033") + told + b"\0")
    assert signature[-2:] == b"\x90\x00"
    key.verify(signature[:-2], digest, padding.PKCS1v15(), Prehashed(SHA256()))


def test_the_technical_certificate_names_the_card_and_nobody(held: SmartCard) -> None:
    der = read(held, "3F000002D001")
    certificate = x509.load_der_x509_certificate(der)
    number = f"29{read(held, '3F00D003')[7:11].hex()}"
    assert certificate.subject.rfc4514_string() == f"CN={number},C=FR"
    assert b"MARTIN" not in der.upper()
    store, now = authority().trust_store, datetime(TODAY.year, TODAY.month, TODAY.day, 12)
    store.verify_certificate(der, now, CertificateUsage.TECHNICAL)
    for usage in (CertificateUsage.AUTHENTICATION, CertificateUsage.SIGNATURE):
        with pytest.raises(UntrustedCertificate, match=f"not one for {usage.value}"):
            store.verify_certificate(der, now, usage)


def test_the_technical_key_signs_no_document(held: SmartCard) -> None:
    assert talk(held, CONTACTLESS, "002241B606800142840184") == "6A80"
    assert talk(held, "002241B80684018480011A") == "6A80"


def test_with_contacts_its_application_is_closed(store: MemoryStore) -> None:
    card = card_of(store, "cps3")
    card.power_on()
    for fid in ("5031", "5032", "7002", "7005", "D001"):
        assert talk(card, f"00A4090C063F000002{fid}") == "9000"
        assert talk(card, "00B0000001") == "6982"
    assert talk(card, CONTACTLESS, "002241A406800102840184", "00880000045445535400") == "6982"


def test_both_faces_have_the_counters_of_the_chip(store: MemoryStore) -> None:
    card, other = card_of(store, "cps3"), card_of(store, "cps3", contactless=True)
    card.power_on()
    assert talk(card, WRONG) == "63C2"
    card.power_off()
    other.power_on()
    assert "9A01039B0102" in talk(other, "00A4000C023F00", DOCP)
    other.power_off()
    card.power_on()
    assert talk(card, "0020000100") == "63C2"
    assert talk(card, WRONG) == "63C1"
    assert talk(card, WRONG) == "63C0"
    card.power_off()
    other.power_on()
    assert "9A01039B0100" in talk(other, "00A4000C023F00", DOCP)
    assert talk(other, PIN) == "6982"


def test_a_card_made_before_has_an_empty_application() -> None:
    before = {name: value for name, value in records("gp").items() if name not in LATER}
    before["file/3F00/0002/5031"] = b'{"value":{"hex":""}}'
    for other in (False, True):
        card = card_of(MemoryStore(before), "cps3", contactless=other)
        card.power_on()
        assert talk(card, "00A4090C063F0000025031") == "9000"
        assert talk(card, "00A4090C063F0000025032") == "6A82"
    assert talk(card, CONTACTLESS, "002241A406800102840184") == "6A88"
    document = dump(before, secrets=True)
    assert "technical" not in document["keys"]
    changed = expire(before, authority(), TODAY)
    assert not any(name.endswith("0002/D001") for name in changed)


def test_other_cards_have_no_such_face() -> None:
    with pytest.raises(NoContactless, match="a carte Vitale has no contactless interface"):
        card_of(MemoryStore(records("vitale-single")), "vitale2", contactless=True)
    with pytest.raises(ValueError, match="no contactless"):
        contactless(contactless(cps3.LAYOUT))
