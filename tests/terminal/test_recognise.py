"""The terminal's side of the recognition, against two software cards."""

from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, utils
from cryptography.hazmat.primitives.hashes import SHA256

from bifente.apdu import SW, CardAbsent, CardRemoved
from bifente.apdu.cvc import Cha
from bifente.layouts.recognition import Step
from bifente.terminal import (
    CardRefused,
    CpsAbsent,
    CpsSession,
    CpsUnusable,
    PinBlocked,
    PinMalformed,
    PinRequired,
    RecognitionRequired,
    TerminalError,
    TestWithReal,
    VitaleAbsent,
    VitaleRemoved,
    VitaleSession,
    VitaleUnusable,
    WrongPin,
    recognise,
)

TODAY = date(2026, 3, 1)


def run(pair, *, pin=True, anchors=True, day=TODAY):
    cps, vitale = CpsSession(pair.cps), VitaleSession(pair.vitale)
    if pin:
        cps.verify_pin(b"1234")
    return recognise(cps, vitale, date=day, anchors=pair.anchors if anchors else ())


@pytest.mark.parametrize("anchors", [True, False])
def test_the_cards_recognise_each_other(pair, anchors):
    with run(pair, anchors=anchors) as made:
        assert made.active
        assert pair.vitale.session == (made.chr_cps, made.rv, made.rc, bytes(32))
        assert pair.cps.session == (made.chr_vitale, made.rc, made.rv, bytes(32))
        assert made.chr_cps == b"\0\0" + pair.cps.pan
        assert (made.cha_cps is None) is not anchors
        assert (pair.cps.held, pair.vitale.held) == (1, 1)
    assert not made.active
    assert (pair.cps.held, pair.vitale.held) == (0, 0)


def test_exact_commands(pair):
    with run(pair) as made:
        cps = [raw.hex().upper() for raw in pair.cps.log]
        vitale = [raw.hex().upper() for raw in pair.vitale.log]
    chr_cps, chr_vitale = made.chr_cps.hex().upper(), made.chr_vitale.hex().upper()
    rc, rv = made.rc.hex().upper(), made.rv.hex().upper()
    start = cps.index("002281B60A8308" + b"FRVTBF01".hex().upper())
    assert [one[:10] for one in cps[start + 1 : start + 3]] == ["102A00AEFF", "002A00AE68"]
    assert cps[start + 3 : start + 8] == [
        "0084000010",
        "00A40904063F000001D08400",
        "002241A4068001E1840183",
        f"0088000010{rv}00",
        f"002281A4118001E1830C{chr_vitale}",
    ]
    assert [one[:10] for one in cps[start + 8 :]] == ["10820000FF", "0082000031"]
    start = vitale.index("002281B60A8308" + b"FRCTBF01".hex().upper())
    assert vitale[start + 3 : start + 5] == ["0084000010", f"002281A4118001E1830C{chr_cps}"]
    assert vitale[start + 5].startswith("10820000FF" + rc)
    assert vitale[start + 6][:10] == "0082000031"
    assert vitale[start + 7 :] == [
        "00A4020002200300",
        "002241A4068001E1840183",
        f"0088000010{rc}00",
    ]


def test_transactions_begin_with_the_cps(pair):
    pair.vitale.events = pair.cps.events
    run(pair).close()
    assert pair.cps.events == ["CPS begin", "Vitale begin", "Vitale end", "CPS end"]


def test_private_key_operations_are_counted(pair):
    with run(pair) as made:
        assert made.cps.channel.private_key_operations == 1
        assert made.vitale.channel.private_key_operations == 1
        assert made.cps.channel.private_key_seconds > 0


def test_the_vitale_signs_a_sheet(pair):
    from bifente.layouts.recognition import sheet_digest

    with run(pair) as made:
        signature = made.vitale.sign_sheet(b"h" * 32)
        digest = sheet_digest(
            b"h" * 32, made.chr_vitale, made.rv, made.chr_cps, made.rc, bytes(32), bytes(32)
        )
    public = pair.vitale.key.public_key()
    public.verify(signature, digest, padding.PKCS1v15(), utils.Prehashed(SHA256()))


def test_no_sheet_without_recognition(pair):
    with pytest.raises(RecognitionRequired) as caught:
        VitaleSession(pair.vitale).sign_sheet(bytes(32))
    assert caught.value.sw == SW.SECURITY_STATUS_NOT_SATISFIED


def test_without_pin(pair):
    with pytest.raises(PinRequired) as caught:
        run(pair, pin=False)
    assert (caught.value.step, caught.value.sw) == (Step.CPS_SIGNS, 0x6982)
    assert caught.value.ssv_code == 0xF003
    assert (pair.cps.held, pair.vitale.held) == (0, 0)


def test_wrong_pin_counts_down(pair):
    cps = CpsSession(pair.cps)
    for left in (2, 1):
        with pytest.raises(WrongPin) as caught:
            cps.verify_pin(b"9999")
        assert (caught.value.tries_left, caught.value.ssv_code) == (left, 0xF003)
        assert "9999" not in str(caught.value)
    for _ in range(2):
        with pytest.raises(PinBlocked) as caught:
            cps.verify_pin(b"9999")
        assert caught.value.tries_left == 0


FORGERIES = [
    ("cps", "88", Step.VITALE_VERIFIES, 0x6300, 0xF004),
    ("vitale", "88", Step.CPS_VERIFIES, 0x6300, 0xF014),
]


@pytest.mark.parametrize(("card", "ins", "step", "sw", "code"), FORGERIES)
def test_a_forged_token_is_refused(pair, card, ins, step, sw, code):
    def forge(command, answer):
        return bytes((answer[0] ^ 1,)) + answer[1:] if command[1:2].hex() == ins else answer

    getattr(pair, card).mangle = forge
    with pytest.raises(CardRefused) as caught:
        run(pair)
    assert (caught.value.step, caught.value.sw, caught.value.ssv_code) == (step, sw, code)
    assert (pair.cps.held, pair.vitale.held) == (0, 0)


@pytest.mark.parametrize(("card", "code"), [("cps", 0xF004), ("vitale", 0xF014)])
def test_a_forged_certificate_is_refused_by_the_other_card(pair, card, code):
    forged = bytearray(getattr(pair, card).certificate)
    forged[100] ^= 1
    getattr(pair, card).certificate = bytes(forged)
    with pytest.raises(CardRefused) as caught:
        run(pair, anchors=False)
    assert (caught.value.step, caught.value.sw) == (Step.VERIFY_CERTIFICATES, 0x6A80)
    assert caught.value.ssv_code == code


@pytest.mark.parametrize(("card", "kind"), [("cps", CpsUnusable), ("vitale", VitaleUnusable)])
def test_a_forged_certificate_is_refused_by_the_terminal(pair, card, kind):
    forged = bytearray(getattr(pair, card).certificate)
    forged[100] ^= 1
    getattr(pair, card).certificate = bytes(forged)
    with pytest.raises(kind) as caught:
        run(pair)
    assert (caught.value.step, caught.value.sw) == (Step.VERIFY_CERTIFICATES, None)


@pytest.mark.parametrize("day", [date(2023, 12, 31), date(2029, 1, 1)])
def test_the_terminal_judges_the_date(pair, day):
    with pytest.raises(CpsUnusable, match="certificate"):
        run(pair, day=day)
    assert not any(raw[1] == 0x2A for raw in pair.cps.log + pair.vitale.log)


def test_an_expired_vitale_is_no_fault_of_the_cps(pair, card_factory, keys):
    expired = card_factory("Vitale", pair.vitale_root, pair.cps_root, keys[3], expiry=date(2025, 1, 1))
    cps = CpsSession(pair.cps)
    cps.verify_pin(b"1234")
    with pytest.raises(VitaleUnusable, match="ended on 2025-01-01") as caught:
        recognise(cps, VitaleSession(expired), date=TODAY, anchors=pair.anchors)
    assert caught.value.ssv_code == 0xF014


def test_test_and_real_cards_do_not_mix(pair, card_factory, keys):
    from dataclasses import replace

    real_root = replace(pair.vitale_root, car=b"FRVPBF01")
    real = card_factory("Vitale", real_root, pair.cps_root, keys[3])
    cps = CpsSession(pair.cps)
    cps.verify_pin(b"1234")
    with pytest.raises(TestWithReal) as caught:
        recognise(cps, VitaleSession(real), date=TODAY)
    assert caught.value.ssv_code == 0xF026
    assert not any(raw[1] == 0x2A for raw in pair.cps.log + real.log)


def test_a_sheet_certificate_does_not_recognise(pair, card_factory, keys):
    wrong = card_factory("Vitale", pair.vitale_root, pair.cps_root, keys[3], cha=Cha.vitale(0x80, 2))
    cps = CpsSession(pair.cps)
    cps.verify_pin(b"1234")
    with pytest.raises(VitaleUnusable):
        recognise(cps, VitaleSession(wrong), date=TODAY, anchors=pair.anchors)
    with pytest.raises(CardRefused) as caught:
        recognise(cps, VitaleSession(wrong), date=TODAY)
    assert (caught.value.step, caught.value.sw) == (Step.VERIFY_CERTIFICATES, 0x6985)


def test_swapped_slots(pair):
    with pytest.raises(CpsUnusable) as caught:
        CpsSession(pair.vitale)
    assert (caught.value.sw, caught.value.ssv_code) == (0x6A82, 0xF004)
    with pytest.raises(VitaleUnusable) as caught:
        VitaleSession(pair.cps)
    assert (caught.value.sw, caught.value.ssv_code) == (0x6A82, 0xF014)


def test_ends_with_log_out_and_wrong_pin(pair):
    with run(pair) as made:
        made.cps.log_out()
        assert not made.active
        with pytest.raises(RecognitionRequired):
            made.require()
    with run(pair) as made:
        with pytest.raises(WrongPin):
            made.cps.verify_pin(b"0000")
        assert not made.active


@pytest.mark.parametrize("which", ["cps", "vitale"])
def test_ends_with_reset(pair, which):
    with run(pair) as made:
        getattr(made, which).reset()
        assert not made.active


@pytest.mark.parametrize("which", ["cps", "vitale"])
def test_ends_with_a_reset_by_another(pair, which):
    """A link that counts resets tells those that other programs, or the reader, have made."""
    getattr(pair, which).resets = 5
    with run(pair) as made:
        assert made.active
        getattr(pair, which).resets += 1
        assert not made.active


def test_a_closed_recognition_leaves_no_open_vitale(pair):
    with run(pair) as made:
        assert pair.vitale.session is not None
        made.close()
        assert pair.vitale.session is None
        assert pair.vitale.log[-1] == bytes.fromhex("0020FF00")
        assert pair.cps.verified, "the PIN is the holder's to take back"
    assert pair.vitale.log.count(bytes.fromhex("0020FF00")) == 1
    with pytest.raises(RecognitionRequired):
        made.vitale.sign_sheet(bytes(32))


def test_a_recognition_that_fails_half_way_leaves_no_open_vitale(pair):
    def forge(command, answer):
        return b"\x63\x00" if command[:2].hex() == "0082" else answer

    pair.cps.mangle = forge
    with pytest.raises(CardRefused) as caught:
        run(pair)
    assert caught.value.step is Step.CPS_VERIFIES
    assert pair.vitale.session is None


@pytest.mark.parametrize("pin", [b"", b"123", b"123456789", b"12a4", "١٢٣٤".encode()])
def test_what_cannot_be_a_pin_is_not_presented(pair, pin):
    cps = CpsSession(pair.cps)
    cps.verify_pin(b"1234")
    sent = len(pair.cps.log)
    for attempt in (
        lambda: cps.verify_pin(pin),
        lambda: cps.change_pin(b"1234", pin),
        lambda: cps.change_pin(pin, b"1234"),
        lambda: cps.unblock(pin, b"1234"),
    ):
        with pytest.raises(PinMalformed, match="4 to 8 digits") as caught:
            attempt()
        assert caught.value.ssv_code == 0xF003
    assert len(pair.cps.log) == sent


@pytest.mark.parametrize(
    ("which", "error", "kind", "code"),
    [
        ("cps", CardRemoved("1"), CpsAbsent, 0xF001),
        ("cps", CardAbsent("1"), CpsAbsent, 0xF001),
        ("vitale", CardRemoved("2"), VitaleRemoved, 0xF015),
        ("vitale", CardAbsent("2"), VitaleAbsent, 0xF011),
    ],
)
def test_ends_with_removal(pair, which, error, kind, code):
    with run(pair) as made:

        def gone(_command):
            raise error

        getattr(pair, which).before = gone
        with pytest.raises(kind) as caught:
            made.cps.pan() if which == "cps" else made.vitale.pan()
        assert caught.value.ssv_code == code
        assert not made.active


def test_every_error_has_one_line_and_a_hint(pair):
    with pytest.raises(TerminalError) as caught:
        run(pair, pin=False)
    assert "\n" not in str(caught.value)
    assert caught.value.hint
