"""The CPS4: its applets on their channels, its keys, its PIN, as the public middleware speaks to them."""

import json
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from issued import TODAY, authority, issued, records

from bifente.applets import SmartCard, card_of
from bifente.applets.perso.profile.shipped import shipped_text
from bifente.applets.store.stores import MemoryStore
from bifente.layouts.cards import cps4
from bifente.layouts.names import card_of_atr, layout_for_atr
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
from bifente.terminal import CpsSession, VitaleSession, recognise
from bifente.terminal.errors import CpsUnusable, PinBlocked, PinRequired, WrongPin
from bifente.terminal.whichcard import kind_of

IAS, CPS2TER, ISSUER = "A4040C088025000001FF0100", "A4040C088025000001FF0002", "A4040C07A0000001510000"
PIN = "012000010431323334"
DIGEST = sha256(b"message").digest()


@pytest.fixture
def card() -> SmartCard:
    return issued("gp-cps4")


def talk(card: SmartCard, *commands: str) -> str:
    for command in commands:
        answer = card.transmit(bytes.fromhex(command))
    return answer.hex().upper()


def certified(card: SmartCard, fid: str) -> RSAPublicKey:
    """The public key in a certificate of the card."""
    assert talk(card, "01" + IAS, f"01A4080C040001{fid}") == "9000"
    content = b""
    while len(block := card.transmit(bytes.fromhex(f"01B0{len(content):04X}00"))[:-2]) == 256:
        content += block
    key = x509.load_der_x509_certificate(content + block).public_key()
    assert isinstance(key, RSAPublicKey)
    return key


@pytest.mark.parametrize("atr", [cps4.ATR, cps4.ATR_CANDIDATE, cps4.ATR_T0])
def test_its_answers_to_reset(atr: bytes) -> None:
    # ansforge/dops-cryptolib, card-cps.c; pcsc-tools
    assert atr.hex().upper() in (
        "3B9B188001001225006480040100009044",
        "3B9B188001001225006480000401009044",
        "3BDC18FF00001225006480000401009000",
    )
    assert card_of_atr(atr) == "CPS4, contact"
    assert layout_for_atr(atr) is cps4.LAYOUT


def test_the_middleware_begins_on_channel_1(card: SmartCard) -> None:
    # as Cryptolib CPS 5.2.2 begins with this card
    assert talk(card, "01" + IAS) == "9000"
    assert (
        talk(card, "01A4080002D00300") == "6F1C8002000C8201018302D0038801E0A1098C077BFFFFFFFFFF008A01059000"
    )
    assert talk(card, "01B000000C").startswith("5A0A8025000001")


def test_the_ias_applet_is_on_one_channel_at_a_time(card: SmartCard) -> None:
    assert talk(card, "00" + IAS) == "9000"
    assert talk(card, "01" + IAS) == "6985"
    assert talk(card, "01" + ISSUER) == "9000"
    assert talk(card, "01" + IAS) == "6985"
    assert talk(card, "00" + CPS2TER) == "9000"
    assert talk(card, "01" + IAS) == "9000"
    assert talk(card, "00" + IAS) == "6985"


def test_a_channel_has_the_commands_of_its_applet(card: SmartCard) -> None:
    assert talk(card, "00B0000001") == "6E00"
    assert talk(card, "A0A40000023F00") == "9000"
    assert talk(card, "01" + ISSUER, "01B0000001") == "6D00"
    assert talk(card, "00" + IAS, "00A4080C02D003", "00B0000001") == "5A9000"
    assert talk(card, "A0A40000023F00") == "6E00"
    assert talk(card, "00A4040C05A000000003") == "6A82"
    card.reset()
    assert talk(card, "00B0000001") == "6E00"


def test_the_pin_of_the_chip_holds_on_every_channel(card: SmartCard) -> None:
    assert talk(card, "01" + IAS, PIN) == "9000"
    assert talk(card, "A0A40000024010", "A0B0000001") == "E89000"
    assert talk(card, "A02000010439393939") == "9804"
    assert talk(card, "01200001") == "63C2"


def test_the_authentication_key_signs_with_pss(card: SmartCard) -> None:
    key = certified(card, "D002")
    assert talk(card, "01A4080C020001", PIN, "012281B60491022CA0") == "9000"
    signature = card.transmit(bytes.fromhex("012A9E9A20") + DIGEST + b"\0")
    hashed = utils.Prehashed(hashes.SHA256())
    key.verify(signature[:-2], DIGEST, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashed)


@pytest.mark.parametrize(
    ("algorithm", "hashed", "pss"),
    [
        ("0A", hashes.SHA1(), False),
        ("15", hashes.SHA1(), True),
        ("28", hashes.SHA256(), False),
        ("2C", hashes.SHA256(), True),
    ],
)
def test_the_signature_key_signs_with_each_algorithm(
    card: SmartCard, algorithm: str, hashed: hashes.HashAlgorithm, pss: bool
) -> None:
    key = certified(card, "D001")
    digest = DIGEST[: hashed.digest_size]
    assert talk(card, "01A4080C020001", PIN, f"012281B6049102{algorithm}A1") == "9000"
    signature = card.transmit(bytes.fromhex(f"012A9E9A{len(digest):02X}") + digest + b"\0")[:-2]
    scheme = padding.PSS(padding.MGF1(hashed), len(digest)) if pss else padding.PKCS1v15()
    key.verify(signature, digest, scheme, utils.Prehashed(hashed))


def test_authentication_is_the_private_operation_on_a_padded_block(card: SmartCard) -> None:
    key = certified(card, "D002")
    told = bytes.fromhex("3031300D060960864801650304020105000420") + DIGEST
    block = b"\x00\x01" + b"\xff" * (253 - len(told)) + b"\x00" + told
    assert talk(card, "01A4080C020001", PIN, "012241B803830120") == "9000"
    assert card.transmit(bytes.fromhex("112A8086FF") + block[:255]) == b"\x90\x00"
    signature = card.transmit(bytes.fromhex("012A808601") + block[255:] + b"\0")[:-2]
    key.verify(signature, DIGEST, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))


def test_a_block_that_is_no_number_below_the_modulus(card: SmartCard) -> None:
    assert talk(card, "01" + IAS, "01A4080C020001", PIN, "012241B803830120") == "9000"
    assert talk(card, "012A80860181" + "00") == "6A80"
    assert card.transmit(bytes.fromhex("112A8086FF") + b"\xff" * 255) == b"\x90\x00"
    assert talk(card, "012A808601FF00") == "6A80"


@pytest.mark.parametrize("data", ["9101", "910328A1A1", "9102", "910228A18001", "830220A0"])
def test_malformed_templates(card: SmartCard, data: str) -> None:
    assert talk(card, "01" + IAS, "01A4080C020001") == "9000"
    for header in ("012281B6", "012241B8"):
        raw = bytes.fromhex(data)
        answer = card.transmit(bytes.fromhex(header) + bytes((len(raw),)) + raw)
        assert answer[-2:] in (b"\x6a\x80", b"\x6a\x88"), answer.hex()


def test_a_new_value_without_the_old_one_wants_a_reason(card: SmartCard) -> None:
    assert talk(card, "01" + IAS, "0124010104" + b"4321".hex()) == "6982"
    assert talk(card, PIN, "0124010103" + b"432".hex()) == "6A80"
    assert talk(card, "01240101") == "6700"
    assert talk(card, "0124010904" + b"4321".hex()) == "6A88"
    assert talk(card, "0124010104" + b"4321".hex()) == "9000"
    card.reset()
    assert talk(card, "01" + IAS, PIN) == "63C2"


def test_unblocking_is_worth_one_new_value(card: SmartCard) -> None:
    wrong = "012000010439393939"
    assert talk(card, "01" + IAS, wrong, wrong, wrong) == "63C0"
    assert talk(card, "012C0381") == "6982"
    assert talk(card, "0120000208" + b"12345678".hex(), "012C0381") == "9000"
    assert talk(card, "0124010104" + b"4321".hex()) == "9000"
    assert talk(card, "0124010104" + b"5555".hex()) == "6982"
    assert talk(card, "0120000104" + b"4321".hex()) == "9000"


def test_the_objects_that_the_middleware_lists_on_a_cps4(card: SmartCard) -> None:
    assert talk(card, "01" + IAS, "01A4080C040001D140", "01B0000000").startswith("3BAC00402A0012250064808202")
    assert talk(card, "01A4080C040001D145", "01B0000001") == "E69000"
    assert talk(card, "01A4080C040001D150", "01B0000001") == "6982"
    assert talk(card, PIN, "01B0000001") == "E89000"


def test_a_terminal_that_does_not_know_its_channel() -> None:
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, card_of(MemoryStore(records("gp-cps4")), "cps4"))
        link = reader.link(CPS_SLOT)
        assert kind_of(link) == "cps4"
        link.transmit(bytes.fromhex("00" + IAS))  # another program has left it there
        session = CpsSession(link)
        assert session.holder().family_name == "FICTIF-LEROUX"


def test_the_terminal_signs_authenticates_and_deciphers() -> None:
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, card_of(MemoryStore(records("gp-cps4")), "cps4"))
        session = CpsSession(reader.link(CPS_SLOT))
        signing, authenticating = (
            x509.load_der_x509_certificate(der).public_key()
            for der in (session.signature_certificate(), session.authentication_certificate())
        )
        assert isinstance(signing, RSAPublicKey)
        assert isinstance(authenticating, RSAPublicKey)
        with pytest.raises(PinRequired):
            session.sign(b"message")
        with pytest.raises(PinRequired):
            session.decipher(bytes(256))
        session.verify_pin(b"1234")
        signing.verify(session.sign(b"message"), b"message", padding.PKCS1v15(), hashes.SHA256())
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        hashed = utils.Prehashed(hashes.SHA256())
        authenticating.verify(session.authenticate_pss(DIGEST), DIGEST, pss, hashed)
        told = bytes.fromhex("3031300D060960864801650304020105000420") + DIGEST
        authenticating.verify(session.internal_authenticate(told), DIGEST, padding.PKCS1v15(), hashed)
        assert session.decipher(authenticating.encrypt(b"secret", padding.PKCS1v15())) == b"secret"
        assert len(session.decipher(bytes(255) + b"\x02")) == 32


def test_the_terminal_changes_and_unblocks_the_pin() -> None:
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, card_of(MemoryStore(records("gp-cps4")), "cps4"))
        session = CpsSession(reader.link(CPS_SLOT))
        session.change_pin(b"1234", b"4321")
        session.reset()
        for _ in range(2):
            with pytest.raises(WrongPin):
                session.verify_pin(b"1234")
        with pytest.raises(PinBlocked):
            session.verify_pin(b"1234")
        session.unblock(b"12345678", b"2468")
        session.verify_pin(b"2468")
        assert session.pin_status().tries_left == 3


def test_a_cps3_has_no_pss() -> None:
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, card_of(MemoryStore(records("gp")), "cps3"))
        session = CpsSession(reader.link(CPS_SLOT))
        session.verify_pin(b"1234")
        with pytest.raises(CpsUnusable, match="without PSS"):
            session.authenticate_pss(DIGEST)


@pytest.mark.parametrize("atr", [cps4.ATR, cps4.ATR_T0])
def test_it_recognises_a_vitale_over_either_protocol(atr: bytes) -> None:
    made = dict(records("gp-cps4"))
    made["meta"] = json.dumps({**json.loads(made["meta"]), "atr": atr.hex()}).encode()
    with TwoSlotReader() as reader:
        assert reader.insert(CPS_SLOT, card_of(MemoryStore(made), "cps4")) == atr
        reader.insert(VITALE_SLOT, card_of(MemoryStore(records("vitale-single")), "vitale2"))
        doctor, patient = CpsSession(reader.link(CPS_SLOT)), VitaleSession(reader.link(VITALE_SLOT))
        doctor.verify_pin(b"1234")
        with recognise(doctor, patient, date=TODAY, anchors=authority().trust_store.cv_roots):
            assert patient.rights()
            assert doctor.professional()


def test_its_shipped_profile_is_that_of_a_cps3_on_another_chip() -> None:
    assert shipped_text("gp-cps4").splitlines()[2:] == shipped_text("gp").splitlines()[2:]
    assert "key/3F00/0001/A0" in records("gp-cps4")
