"""OpenSC's pkcs15-tool with a CPS: objects, certificates, data, and the life of the PIN."""

from collections.abc import Callable
from pathlib import Path

import pytest
from clients import AUTHENTICATION, PIN, PUK, SIGNATURE, Desk, tries_left
from cryptography import x509

from bifente.reader import CPS_SLOT

FREE_DATA = ("CPS_DATA", "CPS_ID_CARD", "CPS_NAME_PS", "CPS_LANG_PS", "CPS_INFO_PS")
WRONG = "Operation failed: PIN code or key incorrect"
BLOCKED = "Operation failed: Authentication method blocked"


@pytest.fixture(autouse=True)
def _tools(require_tool: Callable[[str], str]) -> None:
    require_tool("pkcs15-tool")


def test_everything_on_the_card_is_listed(desk):
    dump = desk("gp").run("pkcs15-tool", "--dump").ok()
    dump.says(r"^PKCS#15 Card \[CPS3v3-29\d{8}\]:", "Manufacturer ID: ASIP SANTE")
    dump.says(r"^PIN \[Code porteur de la carte CPX\]", r"^PIN \[Code de deblocage\]")
    dump.says(r"^Private RSA Key \[CPS_PRIV_SIG\]", r"^Private RSA Key \[CPS_PRIV_AUT\]", "Key ref +: 130 ")
    dump.says(r"^X.509 Certificate \[Certificat de Signature CPS\]", r"\[Certificat d'Authentification CPS\]")
    assert not [line for line in dump.asked("") if line.endswith("6F00")], str(dump)


def test_the_pins_are_described(desk):
    pins = desk("gp").run("pkcs15-tool", "--list-pins").ok()
    pins.says(
        "min_len:4, max_len:8", "case-sensitive, initialized, unblockingPin", r"Reference +: 1 \(0x01\)"
    )


def test_certificates_are_read_and_name_the_holder(desk, tmp_path: Path):
    made = desk("gp")
    found = {}
    for name, number in (("authentication", AUTHENTICATION), ("signature", SIGNATURE)):
        output = tmp_path / f"{name}.pem"
        made.run("pkcs15-tool", "--read-certificate", number, "-o", str(output)).ok()
        found[name] = x509.load_pem_x509_certificate(output.read_bytes())
    subject = "2.5.4.4=FICTIF-LEROUX+2.5.4.42=CAMILLE"
    assert all(subject in _rdn(certificate) for certificate in found.values())
    usage = {
        name: made_.extensions.get_extension_for_class(x509.KeyUsage).value for name, made_ in found.items()
    }
    assert usage["authentication"].digital_signature
    assert not usage["authentication"].content_commitment
    assert usage["signature"].content_commitment
    assert not usage["signature"].digital_signature


def _rdn(certificate: x509.Certificate) -> str:
    parts = sorted(
        f"{attribute.oid.dotted_string}={attribute.value}"
        for attribute in certificate.subject
        if attribute.oid.dotted_string in ("2.5.4.4", "2.5.4.42")
    )
    return "+".join(sorted(parts, key=lambda part: part.split("=")[0]))


def test_free_data_objects_are_shown_and_protected_ones_only_named(desk):
    listed = desk("gp").run("pkcs15-tool", "--list-data-objects").ok()
    for name in FREE_DATA:
        listed.says(rf"^Data object '{name}'\n\tapplicationName: CPS\n.*\n\tData \(\d+ bytes\):")
    listed.says(r"^Data object 'CPS_ACTIVITY_01_PS'\n\tapplicationName: CPS\n.*\n\tAuth ID: +01")
    listed.never_says("434142494e4554", "434142494E4554")


def test_a_protected_data_object_needs_the_pin(desk):
    made = desk("gp")
    made.run("pkcs15-tool", "--read-data-object", "CPS_SIT_FACT").failed("Authentication error")
    shown = made.run("pkcs15-tool", "--read-data-object", "CPS_SIT_FACT", "--verify-pin", "--pin", PIN)
    shown.ok().says(r"Data Object \(\d+ bytes\): < E0 19 A0 17 80 01 01 81 05 99 10 00 01 9F ")


def test_a_pin_is_verified(desk):
    made = desk("gp")
    made.run("pkcs15-tool", "--verify-pin", "--pin", PIN).ok()
    made.run("pkcs15-tool", "--verify-pin", "--pin", "0000").failed(WRONG)
    assert tries_left(made) == 2
    made.run("pkcs15-tool", "--verify-pin", "--pin", PIN).ok()
    assert tries_left(made) == 3


def test_a_pin_is_changed_and_stays_so_when_the_card_comes_again(desk):
    made = desk("gp")
    made.run("pkcs15-tool", "--change-pin", "--pin", PIN, "--new-pin", "271828").ok()
    made.run("pkcs15-tool", "--verify-pin", "--pin", PIN).failed(WRONG)
    card = made.reader.remove(CPS_SLOT)
    made.reader.insert(CPS_SLOT, card)
    made.run("pkcs15-tool", "--verify-pin", "--pin", "271828").ok()


def test_a_pin_of_another_length_than_the_card_takes_is_refused(desk):
    made = desk("gp")
    made.run("pkcs15-tool", "--change-pin", "--pin", PIN, "--new-pin", "123").failed("Invalid PIN length")
    made.run("pkcs15-tool", "--verify-pin", "--pin", PIN).ok()


def test_a_wrong_old_pin_changes_nothing_and_costs_a_try(desk):
    made = desk("gp")
    made.run("pkcs15-tool", "--change-pin", "--pin", "0000", "--new-pin", "4321").failed()
    assert tries_left(made) == 2
    made.run("pkcs15-tool", "--verify-pin", "--pin", PIN).ok()


def test_three_wrong_pins_block_and_the_puk_unblocks(desk):
    made = desk("gp")
    block(made)
    made.run("pkcs15-tool", "--verify-pin", "--pin", PIN).failed(BLOCKED)
    made.run("pkcs15-tool", "--unblock-pin", "--puk", "00000000", "--new-pin", "2468").failed()
    assert tries_left(made) == 0
    made.run("pkcs15-tool", "--unblock-pin", "--puk", PUK, "--new-pin", "2468").ok()
    assert tries_left(made) == 3
    made.run("pkcs15-tool", "--verify-pin", "--pin", PIN).failed(WRONG)
    made.run("pkcs15-tool", "--verify-pin", "--pin", "2468").ok()


def test_a_blocked_card_still_shows_what_is_free(desk):
    made = desk("gp")
    block(made)
    made.run("pkcs15-tool", "--list-data-objects").ok().says("Data object 'CPS_NAME_PS'")
    made.run("pkcs15-tool", "--read-certificate", AUTHENTICATION).ok().says("BEGIN CERTIFICATE")


def block(made: Desk) -> None:
    for _ in range(3):
        made.run("pkcs15-tool", "--verify-pin", "--pin", "0000").failed("incorrect|blocked")
    assert tries_left(made) == 0
