"""The terminal cannot cheat: each refusal of the recognition as (step, status word), on the cards' side."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from pair import (
    CHR_CPS,
    CHR_VITALE,
    CPS,
    DOCTOR,
    SELECT_ADELE,
    SELECT_CPS,
    SELECT_VITALE,
    VERIFY_PIN,
    VITALE,
    Terminal,
    card,
    certificate,
    chained,
    changed,
    key,
    modulus,
    send,
    show_certificate,
)
from recognitiontests import reads, to_step_3

from bifente.apdu.cvc import Car, Cha
from bifente.crypto import rsa
from bifente.layouts.recognition import cps_token, vitale_token


@pytest.fixture
def terminal() -> Terminal:
    return Terminal(card(CPS), card(VITALE))


def test_it_opens_the_rights(terminal: Terminal) -> None:
    assert reads(terminal.vitale, "2101") == "6982"
    assert terminal.recognise() == "9000"
    assert reads(terminal.vitale, "2101") == "9000"
    assert terminal.vitale.proven.role == DOCTOR
    assert terminal.cps.proven.role is not None


@pytest.mark.parametrize(
    ("cha", "rights", "emergency", "medical"),
    [
        (DOCTOR, "9000", "9000", "9000"),
        (replace(DOCTOR, profession=21), "9000", "9000", "9000"),
        (replace(DOCTOR, profession=60), "9000", "9000", "6982"),
        (replace(DOCTOR, g02=1), "6982", "9000", "6982"),
        (replace(DOCTOR, g02=2, profession=0), "9000", "6982", "6982"),
        (replace(DOCTOR, g02=2, profession=0, g04=1), "9000", "6982", "6982"),
        (replace(DOCTOR, g02=3, profession=0), "9000", "6982", "6982"),
    ],
    ids=["doctor", "pharmacist", "nurse", "student of medicine", "CPE", "CDE", "CPA"],
)
def test_each_role_opens_its_own(cha: Cha, rights: str, emergency: str, medical: str) -> None:
    side = changed(CPS, cha=cha)
    terminal = Terminal(card(side), card(VITALE), cps_certificate=side.certificate)
    assert terminal.recognise() == "9000"
    assert [reads(terminal.vitale, fid) for fid in ("2101", "2301", "2302")] == [rights, emergency, medical]


def forged_cps(**fields: object) -> bytes:
    return certificate(replace(CPS.content, **fields), "root C")  # type: ignore[arg-type]


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


CERTIFICATES: list[tuple[str, Callable[[], bytes], str]] = [
    ("the right one", lambda: CPS.certificate, "9000"),
    ("a bit of the signature", lambda: flipped(CPS.certificate, 100), "6A80"),
    ("a bit of the remainder", lambda: flipped(CPS.certificate, 300), "6A80"),
    ("a bit of the outer tag", lambda: flipped(CPS.certificate, 1), "6A80"),
    ("one byte short", lambda: CPS.certificate[:-1], "6A80"),
    ("one byte long", lambda: CPS.certificate + b"\0", "6A80"),
    ("signed by somebody else", lambda: certificate(CPS.content, "stranger"), "6A80"),
    ("signed by the Vitales' authority", lambda: certificate(CPS.content, "root V"), "6A80"),
    ("another authority inside", lambda: CPS.certificate[:-8] + b"FRCTBF02", "6A88"),
    ("a Vitale's holder under the professionals' authority", lambda: forged_cps(cha=Cha.vitale(0x81)), "6985"),
    ("a production-like holder under the test authority", lambda: forged_cps(cha=replace(DOCTOR, g01=0)), "6985"),
    ("for sheets, not for recognition", lambda: forged_cps(cha=replace(DOCTOR, usage=2)), "6985"),
    ("the card's own reference", lambda: forged_cps(chr=CHR_VITALE), "6985"),
    ("expired", lambda: forged_cps(effective=date(2020, 1, 1), expiry=date(2025, 12, 31)), "6984"),
    ("on its last day", lambda: forged_cps(effective=date(2020, 1, 1), expiry=date(2026, 1, 1)), "9000"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "status"), [row[1:] for row in CERTIFICATES], ids=[row[0] for row in CERTIFICATES]
)
def test_step_1_certificates(terminal: Terminal, make: Callable[[], bytes], status: str) -> None:
    assert show_certificate(terminal.vitale, b"FRCTBF01", make())[1] == status
    expected = "9000" if status == "9000" else "6A88"
    assert send(terminal.vitale, "002281A4118001E1830C" + CHR_CPS.hex())[1] == expected


def test_step_1_unknown_authority(terminal: Terminal) -> None:
    production = changed(CPS, car=Car("C", "P"), signer="root CP", cha=replace(DOCTOR, g01=0))
    assert show_certificate(terminal.vitale, b"FRCPBF01", production.certificate)[1] == "6A88"
    assert show_certificate(terminal.vitale, b"FRVTBF01", VITALE.certificate)[1] == "6A88"


def test_step_1_without_naming_the_authority(terminal: Terminal) -> None:
    assert chained(terminal.vitale, 0x2A, 0, 0xAE, CPS.certificate)[1] == "6985"


def test_the_latest_date_is_kept_once_the_other_card_has_proven_itself(terminal: Terminal) -> None:
    terminal.cps_certificate = forged_cps(effective=date(2028, 6, 1))
    old = forged_cps(effective=date(2025, 1, 1), expiry=date(2028, 5, 31))
    assert show_certificate(terminal.vitale, b"FRCTBF01", old)[1] == "9000"
    assert terminal.recognise() == "9000"
    assert terminal.vitale.store.get("state/date") == b"2028-06-01"
    assert terminal.cps.store.get("state/date") == b"2026-01-01"
    assert show_certificate(terminal.vitale, b"FRCTBF01", old)[1] == "6984"
    terminal.vitale.power_off()
    terminal.vitale.power_on()
    send(terminal.vitale, SELECT_VITALE)
    assert show_certificate(terminal.vitale, b"FRCTBF01", old)[1] == "6984"


def test_the_cps_keeps_the_date_of_its_vitale(terminal: Terminal) -> None:
    terminal.vitale_certificate = certificate(replace(VITALE.content, effective=date(2027, 3, 1)), "root V")
    assert terminal.recognise() == "9000"
    assert terminal.cps.store.get("state/date") == b"2027-03-01"


@pytest.mark.parametrize("effective", [date(2098, 1, 1), date(2099, 12, 31)])
def test_a_shown_certificate_of_2098_spoils_no_card(terminal: Terminal, effective: date) -> None:
    """Certificates are free files: whoever has seen one can show it, without the key and as often as he likes."""
    future = forged_cps(effective=effective, expiry=date(2099, 12, 31))
    before = {name: terminal.vitale.store.get(name) for name in terminal.vitale.store.names()}
    for _ in range(3):
        assert show_certificate(terminal.vitale, b"FRCTBF01", future)[1] == "9000"
        terminal.rv, _ = send(terminal.vitale, "0084000010")
        terminal.rc = bytes(16)
        assert terminal.vitale_verifies(bytes(256))[1] == "6300"
        assert show_certificate(terminal.vitale, b"FRCTBF01", future)[1] == "9000"
        assert terminal.vitale_verifies(bytes(256))[1] == "6985"
    assert before == {name: terminal.vitale.store.get(name) for name in terminal.vitale.store.names()}
    assert terminal.recognise() == "9000"


def test_nor_does_one_that_another_card_stands_behind(terminal: Terminal) -> None:
    """The certificate of 2098 is shown, then a card of today proves itself: its date counts."""
    show_certificate(
        terminal.vitale, b"FRCTBF01", forged_cps(effective=date(2098, 1, 1), expiry=date(2099, 1, 1))
    )
    terminal.cps_certificate = forged_cps(effective=date(2026, 2, 1))
    assert terminal.recognise() == "9000"
    assert terminal.vitale.store.get("state/date") == b"2026-02-01"


def test_step_1_a_refused_certificate_moves_no_date(terminal: Terminal) -> None:
    future = certificate(replace(CPS.content, effective=date(2028, 1, 1)), "stranger")
    assert show_certificate(terminal.vitale, b"FRCTBF01", future)[1] == "6A80"
    assert terminal.vitale.store.get("state/date") == b"2026-01-01"


def test_step_3_without_pin(terminal: Terminal) -> None:
    terminal.certificates()
    terminal.challenges()
    assert terminal.cps_signs()[1] == "6982"
    # and the failure burnt the challenge
    terminal.pin()
    assert terminal.cps_signs()[1] == "6985"


def test_step_3_without_challenge(terminal: Terminal) -> None:
    terminal.pin()
    terminal.certificates()
    terminal.rv = bytes(16)
    assert terminal.cps_signs()[1] == "6985"


def test_step_3_with_a_short_challenge_of_its_own(terminal: Terminal) -> None:
    terminal.pin()
    terminal.certificates()
    assert send(terminal.cps, "0084000008")[1] == "9000"
    assert terminal.cps_signs(bytes(16))[1] == "6985"


def test_step_3_without_the_other_certificate(terminal: Terminal) -> None:
    terminal.pin()
    terminal.challenges()
    assert terminal.cps_signs()[1] == "6985"


def test_step_3_wrong_length(terminal: Terminal) -> None:
    to_step_3(terminal)
    send(terminal.cps, "002241A4068001E1840183")
    assert send(terminal.cps, "008800000F" + "00" * 15 + "00")[1] == "6A80"


def test_step_3_twice_with_one_challenge(terminal: Terminal) -> None:
    to_step_3(terminal)
    assert terminal.cps_signs()[1] == "9000"
    assert terminal.cps_signs(bytes(16))[1] == "6985"


@pytest.mark.parametrize("keyref", ["81", "82"])
def test_the_other_keys_never_sign_tokens(terminal: Terminal, keyref: str) -> None:
    terminal.pin()
    assert send(terminal.cps, f"002241A4068001E18401{keyref}")[1] == "6A80"
    assert send(terminal.cps, "002241A406800102840183")[1] == "6A80"
    # nor in two halves
    assert send(terminal.cps, "002241A403840183")[1] == "9000"
    assert send(terminal.cps, "002241A403800102")[1] == "6A80"


def test_step_4_forged(terminal: Terminal) -> None:
    to_step_3(terminal)
    terminal.cps_signs()
    assert terminal.vitale_verifies(bytes(256))[1] == "6300"
    assert reads(terminal.vitale, "2101") == "6982"


def test_step_4_signed_by_a_key_that_the_terminal_made(terminal: Terminal) -> None:
    to_step_3(terminal)
    token = cps_token(DOCTOR.encode(), CHR_CPS, terminal.rc, CHR_VITALE, terminal.rv, bytes(32))
    import hashlib

    forged = rsa.sign_digest(key("stranger"), "sha256", hashlib.sha256(token).digest())
    assert terminal.vitale_verifies(forged)[1] == "6300"


@pytest.mark.parametrize("at", [0, 100, 255])
def test_step_4_a_flipped_bit(terminal: Terminal, at: int) -> None:
    to_step_3(terminal)
    signature, _ = terminal.cps_signs()
    assert terminal.vitale_verifies(flipped(signature, at))[1] == "6300"


def test_step_4_another_challenge_of_the_cps(terminal: Terminal) -> None:
    to_step_3(terminal)
    signature, _ = terminal.cps_signs()
    assert terminal.vitale_verifies(signature, rc=bytes(16))[1] == "6300"


def test_step_4_replayed(terminal: Terminal) -> None:
    to_step_3(terminal)
    signature, _ = terminal.cps_signs()
    rc = terminal.rc
    assert terminal.vitale_verifies(signature)[1] == "9000"
    assert terminal.vitale_verifies(signature)[1] == "6985"
    assert send(terminal.vitale, "0084000010")[1] == "9000"
    assert terminal.vitale_verifies(signature, rc=rc)[1] == "6300"
    assert reads(terminal.vitale, "2101") == "6982"


def test_step_4_replayed_after_reset(terminal: Terminal) -> None:
    to_step_3(terminal)
    signature, _ = terminal.cps_signs()
    assert terminal.vitale_verifies(signature)[1] == "9000"
    terminal.vitale.reset()
    send(terminal.vitale, SELECT_VITALE)
    show_certificate(terminal.vitale, b"FRCTBF01", CPS.certificate)
    send(terminal.vitale, "0084000010")
    assert terminal.vitale_verifies(signature)[1] == "6300"


def test_step_4_malformed(terminal: Terminal) -> None:
    to_step_3(terminal)
    signature, _ = terminal.cps_signs()
    assert terminal.vitale_verifies(signature[:-1])[1] == "6A80"
    # the malformed attempt burnt the challenge
    assert terminal.vitale_verifies(signature)[1] == "6985"


def test_step_4_without_challenge(terminal: Terminal) -> None:
    terminal.certificates()
    assert terminal.vitale_verifies(bytes(256), rc=bytes(16))[1] == "6985"


def test_step_4_naming_another_card(terminal: Terminal) -> None:
    to_step_3(terminal)
    signature, _ = terminal.cps_signs()
    terminal.chr_cps = b"\0\0" + bytes(10)
    assert terminal.vitale_verifies(signature)[1] == "6A88"


def test_step_4_transplanted_to_another_vitale(terminal: Terminal) -> None:
    other = card(changed(VITALE, pan=bytes.fromhex("8025000001333333339F")))
    to_step_3(terminal)
    signature, _ = terminal.cps_signs()
    send(other, SELECT_VITALE)
    show_certificate(other, b"FRCTBF01", CPS.certificate)
    send(other, "0084000010")
    terminal.vitale = other
    assert terminal.vitale_verifies(signature)[1] == "6300"


def test_step_5_before_step_4(terminal: Terminal) -> None:
    to_step_3(terminal)
    terminal.cps_signs()
    assert terminal.vitale_signs()[1] == "6982"


def test_step_5_another_challenge_than_that_of_step_4(terminal: Terminal) -> None:
    to_step_3(terminal)
    signature, _ = terminal.cps_signs()
    terminal.vitale_verifies(signature)
    assert terminal.vitale_signs(bytes(16))[1] == "6985"


def test_step_5_twice(terminal: Terminal) -> None:
    to_step_3(terminal)
    signature, _ = terminal.cps_signs()
    terminal.vitale_verifies(signature)
    assert terminal.vitale_signs()[1] == "9000"
    assert terminal.vitale_signs()[1] == "6985"


def test_step_6_forged(terminal: Terminal) -> None:
    to_step_3(terminal)
    terminal.cps_signs()
    assert terminal.cps_verifies(bytes(256))[1] == "6300"
    assert terminal.cps.proven.role is None


def test_step_6_reflected(terminal: Terminal) -> None:
    to_step_3(terminal)
    signature, _ = terminal.cps_signs()
    assert terminal.cps_verifies(signature)[1] == "6300"


def test_step_6_with_another_challenge_of_the_vitale(terminal: Terminal) -> None:
    to_step_3(terminal)
    signature, _ = terminal.cps_signs()
    terminal.vitale_verifies(signature)
    signature, _ = terminal.vitale_signs()
    assert terminal.cps_verifies(signature, rv=bytes(16))[1] == "6985"


def test_step_6_without_step_3(terminal: Terminal) -> None:
    to_step_3(terminal)
    assert terminal.cps_verifies(bytes(256))[1] == "6985"


def test_a_professional_cannot_be_minted_by_who_issues_vitales(terminal: Terminal) -> None:
    minted = certificate(replace(VITALE.content, car=Car("C", "T"), cha=DOCTOR, chr=CHR_CPS), "root V")
    assert show_certificate(terminal.vitale, b"FRCTBF01", minted)[1] == "6A80"


@pytest.mark.parametrize(
    "ending",
    [
        lambda terminal: terminal.vitale.reset(),
        lambda terminal: (terminal.vitale.power_off(), terminal.vitale.power_on()),
        lambda terminal: send(terminal.vitale, "0020FF00"),
        lambda terminal: (terminal.challenges(), terminal.vitale_verifies(bytes(256))),
    ],
    ids=["reset", "power off", "log-out", "failed authentication"],
)
def test_it_ends_on_the_vitale(terminal: Terminal, ending: Callable[[Terminal], object]) -> None:
    assert terminal.recognise() == "9000"
    ending(terminal)
    assert reads(terminal.vitale, "2101") == "6982"


@pytest.mark.parametrize("select", [SELECT_ADELE, "00A4000C023F00", SELECT_VITALE])
def test_it_survives_select(terminal: Terminal, select: str) -> None:
    assert terminal.recognise() == "9000"
    assert send(terminal.vitale, select)[1] == "9000"
    assert reads(terminal.vitale, "2101") == "9000"


@pytest.mark.parametrize("command", ["0020FF01", "002000010439393939"])
def test_it_ends_on_the_cps_with_log_out_and_wrong_pin(terminal: Terminal, command: str) -> None:
    assert terminal.recognise() == "9000"
    send(terminal.cps, command)
    assert terminal.cps.proven.role is None
    assert terminal.cps.proven.recognition is None


def test_the_vitale_signs_a_sheet_only_under_recognition(terminal: Terminal) -> None:
    def sign() -> str:
        send(terminal.vitale, SELECT_ADELE)
        assert send(terminal.vitale, "002241B6068001E2840181")[1] == "9000"
        assert send(terminal.vitale, "002A90A0229020" + "AB" * 32)[1] == "9000"
        return send(terminal.vitale, "002A9E9A00")[1]

    assert sign() == "6982"
    send(terminal.vitale, SELECT_VITALE)
    assert terminal.recognise() == "9000"
    assert sign() == "9000"
    terminal.vitale.reset()
    assert sign() == "6982"


def test_tokens_say_who_speaks() -> None:
    """The two tokens can never be taken for one another, whatever the challenges."""
    same = bytes(16)
    one = cps_token(DOCTOR.encode(), CHR_CPS, same, CHR_CPS, same, bytes(32))
    other = vitale_token(DOCTOR.encode(), CHR_CPS, same, CHR_CPS, same, bytes(32))
    assert one != other
    assert modulus("cps 83") != modulus("vitale 83")


def test_verified_pin_is_needed_again_after_reset(terminal: Terminal) -> None:
    assert terminal.recognise() == "9000"
    terminal.cps.reset()
    send(terminal.cps, SELECT_CPS)
    show_certificate(terminal.cps, b"FRVTBF01", VITALE.certificate)
    terminal.rc, _ = send(terminal.cps, "0084000010")
    assert terminal.cps_signs()[1] == "6982"
    send(terminal.cps, VERIFY_PIN)


@pytest.mark.parametrize("data", [bytes(271), bytes(272)], ids=["malformed", "without challenge"])
def test_it_ends_with_any_refused_authentication(terminal: Terminal, data: bytes) -> None:
    assert terminal.recognise() == "9000"
    send(terminal.vitale, "002281A4118001E1830C" + CHR_CPS.hex())
    assert chained(terminal.vitale, 0x82, 0, 0, data)[1] in ("6A80", "6985")
    assert reads(terminal.vitale, "2101") == "6982"
