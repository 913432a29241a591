"""The verbs of both sessions, command by command."""

from hashlib import sha256

import pytest
from issued import records

from bifente.applets import card_of
from bifente.applets.store.stores import MemoryStore
from bifente.layouts.cards import cps3 as layout
from bifente.reader import CPS_SLOT, TwoSlotReader
from bifente.terminal import (
    CardRefused,
    CpsSession,
    CpsUnusable,
    PinBlocked,
    PinRequired,
    ProtocolBroken,
    RecognitionRequired,
    VitaleSession,
    VitaleUnusable,
    WrongPin,
)

APPLICATION = ("00A404040DE828BD080F8025000001FF001000", "9000")
CPS_OPEN = (
    ("00A40404088025000001FF010000", "9000"),
    APPLICATION,
)
VITALE_OPEN = (("00A404000ED2500000024D465F564954414C4500", "9000"),)
SDO = "7016BF810112A0109A01039B0103A1088C06F3000013FF00"
"""The PIN object of a CPS3 (OpenSC PR #2217)."""


def cps(scripted, *script):
    return CpsSession(scripted(*CPS_OPEN, *script))


def vitale(scripted, *script):
    return VitaleSession(scripted(*VITALE_OPEN, *script))


def test_serial(scripted):
    made = cps(
        scripted,
        ("00A40904043F00D00300", "6204 8002000C 9000"),
        ("00B000000C", "5A0A8025000001990000001F 9000"),
    )
    assert made.serial() == "99000000"
    assert not made.link.script


def test_a_file_longer_than_a_block(scripted):
    made = cps(
        scripted,
        ("00A40904063F000001D00100", "6121"),
        ("00C0000021", "6204 800202AD 9000"),
        ("00B0000000", "AA" * 256 + "9000"),
        ("00B0010000", "BB" * 256 + "9000"),
        ("00B00200AD", "CC" * 173 + "9000"),
    )
    assert len(made.signature_certificate()) == 0x2AD
    assert not made.link.script


def test_pin_commands(scripted):
    made = cps(
        scripted,
        ("002000010431323334", "9000"),
        ("00240001083132333434333231", "9000"),
        ("00200002083132333435363738", "9000"),
        ("002C02010431323334", "9000"),
        ("0020FF01", "9000"),
    )
    made.verify_pin(b"1234")
    made.change_pin(b"1234", b"4321")
    made.unblock(b"12345678", b"1234")
    made.log_out()
    assert not made.link.script


@pytest.mark.parametrize(
    ("answer", "kind", "left"),
    [("63C2", WrongPin, 2), ("63C0", PinBlocked, 0), ("6983", PinBlocked, 0)],
)
def test_pin_refusals(scripted, answer, kind, left):
    made = cps(scripted, ("*", answer))
    with pytest.raises(kind) as caught:
        made.verify_pin(b"1234")
    assert caught.value.tries_left == left
    assert made.channel.epoch == 1


def test_puk_refusals(scripted):
    with pytest.raises(WrongPin, match="wrong PUK: ") as caught:
        cps(scripted, ("*", "63C9")).unblock(b"00000000", b"1234")
    assert caught.value.tries_left == 9
    with pytest.raises(CpsUnusable, match="the PUK is used up"):
        cps(scripted, ("*", "6983")).unblock(b"00000000", b"1234")


@pytest.mark.parametrize(
    ("answer", "verified", "left"), [("63C3", False, 3), ("9000", True, 3), ("6983", False, 0)]
)
def test_pin_status(scripted, answer, verified, left):
    made = cps(
        scripted,
        ("00200001", answer),
        ("00A4000C023F00", "9000"),
        ("00CB3FFF0A4D087006BF810102A08000", SDO + "9000"),
    )
    status = made.pin_status()
    assert (status.verified, status.tries_left, status.max_tries) == (verified, left, 3)
    assert status.blocked is (left == 0)


def test_signature_with_the_last_round_on_the_card(scripted):
    message = bytes(range(200))
    state = sha256_state(message[:192])
    made = cps(
        scripted,
        APPLICATION,
        ("002241AA03800140", "9000"),
        ("002241B606800142840181", "9000"),
        ("002A90A034" + "9028" + state + "8008" + message[192:].hex().upper(), "9000"),
        ("002A9E9A00", "55" * 256 + "9000"),
    )
    assert made.sign(message) == b"\x55" * 256
    assert made.channel.private_key_operations == 1
    assert not made.link.script


def sha256_state(blocks):
    from bifente.crypto.resumable import Sha256State

    return Sha256State(blocks).state().hex().upper()


def test_signature_of_a_short_message_and_of_a_digest(scripted):
    made = cps(
        scripted,
        APPLICATION,
        ("*", "9000"),
        ("*", "9000"),
        ("002A90A00790008003616263", "9000"),
        ("002A9E9A00", "55" * 256 + "9000"),
        APPLICATION,
        ("*", "9000"),
        ("*", "9000"),
        ("002A90A0229020" + sha256(b"abc").hexdigest().upper(), "9000"),
        ("002A9E9A00", "55" * 256 + "9000"),
    )
    made.sign(b"abc")
    made.sign_digest(sha256(b"abc").digest())
    assert not made.link.script


def test_decipher_and_authenticate(scripted):
    cryptogram = bytes(range(256))
    made = cps(
        scripted,
        APPLICATION,
        ("002241B80680011A840182", "9000"),
        ("102A8086FF81" + cryptogram[:254].hex().upper(), "9000"),
        ("002A8086 02".replace(" ", "") + cryptogram[254:].hex().upper() + "00", "736563726574 9000"),
        APPLICATION,
        ("002241A406800102840182", "9000"),
        ("0088000003AABBCC00", "66" * 256 + "9000"),
    )
    assert made.decipher(cryptogram) == b"secret"
    made.internal_authenticate(b"\xaa\xbb\xcc")
    assert not made.link.script
    with pytest.raises(ValueError, match="102"):
        made.internal_authenticate(bytes(103))


def test_signing_wants_the_pin(scripted):
    made = cps(scripted, *[("*", "9000")] * 4, ("*", "6982"))
    with pytest.raises(PinRequired) as caught:
        made.sign(b"abc")
    assert (caught.value.step, caught.value.sw) == ("sign", 0x6982)


def test_the_application_is_selected_again_after_the_mf(scripted):
    made = cps(
        scripted,
        ("00A40904043F00D00300", "6204 8002000C 9000"),
        ("00B000000C", "5A0A8025000001990000001F 9000"),
        ("00A404040DE828BD080F8025000001FF001000", "9000"),
        *[("*", "9000")] * 3,
        ("*", "55" * 256 + "9000"),
    )
    made.serial()
    made.sign(b"abc")
    assert not made.link.script


def tlv(tag, *parts):
    from bifente.apdu.tlv import encode

    return encode(tag, b"".join(parts))


def test_identity_and_nir(scripted):
    identity = tlv(0x65, tlv(0x80, b"DUPONT"), tlv(0x81, b"MARIE"), tlv(0x82, b"19801301")) + bytes(5)
    number = tlv(0x65, tlv(0x90, b"FRA"), tlv(0x93, b"280139912345678")) + tlv(0x66, tlv(0x80, b"20240101"))
    made = vitale(
        scripted,
        ("00A4020002D00100", f"6F04 8002{len(identity):04X} 9000"),
        (f"00B00000{len(identity):02X}", identity.hex() + "9000"),
        ("00A404000BD250000002564954414C4500", "9000"),
        ("00B0820000", number.hex() + "9000"),
    )
    who, registration = made.identity(), made.registration()
    assert (who.family_name, who.given_name, who.birth_date) == ("DUPONT", "MARIE", "19801301")
    assert (registration.nir, registration.key) == ("2801399123456", "78")
    assert (registration.country, registration.valid_from) == ("FRA", "20240101")
    assert not made.link.script


def test_a_file_of_unknown_size_is_read_until_a_short_block(scripted):
    made = vitale(
        scripted,
        ("00A4020002D00100", "9000"),
        ("00B0000000", "00" * 256 + "9000"),
        ("00B0010000", "00" * 256 + "9000"),
        ("00B0020000", "6B00"),
    )
    assert made.identity().family_name == ""
    assert not made.link.script


POINTERS = tlv(
    0xE0,
    tlv(0xA0, tlv(0x82, b"\x00\x01\0\0" + bytes.fromhex("D250000002564954414C45"))),
    tlv(0x80, b"G101    " + b"\x00\x01" + b"\x21\x01"),
)


def test_pointers_are_followed_and_read_once(scripted):
    made = vitale(
        scripted,
        ("00A404000BD250000002564954414C4500", "9000"),
        ("00A4020002200100", "9000"),
        ("00B0000000", POINTERS.hex() + "9000"),
        ("00A404000BD250000002564954414C4500", "9000"),
        ("00A4020002210100", "6F04 80020002 9000"),
        ("00B0000002", "0102 9000"),
        ("00A404000BD250000002564954414C4500", "9000"),
        ("00A4020002210100", "6982"),
    )
    assert made.file("G101") == b"\x01\x02"
    with pytest.raises(RecognitionRequired):
        made.file("G101")
    with pytest.raises(KeyError):
        made.file("G102")


@pytest.mark.parametrize("content", ["", "E002A000", "E00080", "E00E800C" + "00" * 12, "FF"])
def test_impossible_pointers(scripted, content):
    made = vitale(
        scripted,
        ("*", "9000"),
        ("*", "9000"),
        ("*", content + "9000"),
    )
    if content == "E002A000":
        assert made.pointers() == {}
    else:
        with pytest.raises(ProtocolBroken):
            made.pointers()


def test_an_unknown_card_is_told_apart(scripted):
    with pytest.raises(CpsUnusable, match=f"does not know {layout.AID_MF.hex().upper()}: it is not a CPS"):
        CpsSession(scripted(*[("*", "6A82")] * 12))


@pytest.mark.parametrize("profile", ["vitale-single", "gp", "t1test"])
def test_a_card_in_the_wrong_slot_is_named(profile: str):
    """Swapped cards: the message says what is there, and the hint what to do."""
    kind = {"vitale-single": "vitale2", "gp": "cps3", "t1test": "t1test"}[profile]
    there = {"vitale-single": "a carte Vitale", "gp": "a CPS", "t1test": "the T=1 test card"}[profile]
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, card_of(MemoryStore(records(profile)), kind))
        link = reader.link(CPS_SLOT)
        if profile != "gp":
            with pytest.raises(
                CpsUnusable, match=f"the card in the CPS slot is {there}, not a CPS"
            ) as caught:
                CpsSession(link)
            assert "swapped" in caught.value.hint
        if profile != "vitale-single":
            with pytest.raises(VitaleUnusable, match=f"slot is {there}, not a carte Vitale") as refused:
                VitaleSession(link)
            assert "swapped" in refused.value.hint


def test_other_refusals_keep_their_status_word(scripted):
    with pytest.raises(CardRefused) as caught:
        cps(scripted, ("*", "6A82")).cv_certificate()
    assert caught.value.sw == 0x6A82
