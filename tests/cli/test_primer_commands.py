"""``bifente primer``: the lessons with cards, and what goes wrong."""

import json

import pytest
from cardbench import Bench
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from bifente.cli.main import main
from bifente.reader import CPS_SLOT, TwoSlotReader
from bifente.terminal import CpsSession


def facts(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert main(["primer", *arguments, "--json"]) == 0
    read = json.loads(capsys.readouterr().out)
    assert isinstance(read, dict)
    return read


def test_what_a_card_signs_holds_for_its_certificate(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    from pathlib import Path

    from bifente.applets import open_card

    card = bench.card("gp")
    made = facts(capsys, "rsa", "Été", "--cps", card, "--pin", "1234")
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, open_card(Path(card)))
        der = CpsSession(reader.link(CPS_SLOT)).signature_certificate()
    key = x509.load_der_x509_certificate(der).public_key()
    assert isinstance(key, RSAPublicKey)
    key.verify(bytes.fromhex(str(made["signature"])), "Été".encode(), padding.PKCS1v15(), hashes.SHA256())


def test_the_envelope_goes_from_card_to_card(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    alice, bob = bench.card("gp", "alice.card"), bench.card("nurse", "bob.card")
    made = facts(capsys, "envelope", "à dix heures", "--alice", alice, "--bob", bob, "--pin", "1234")
    assert (made["message"], made["holds"]) == ("à dix heures", True)


def test_the_certificate_of_a_card_holds(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert facts(capsys, "certificate", "--cps", bench.card("gp"), "--igc", bench.igc)["holds"] is True


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("substitution", "é", "--alphabet", "ABC"), 3),
        (("polybe", "123", "--decipher"), 3),
        (("polybe",), 2),
        (("polybe", "a", "--file", "b"), 2),
        (("polybe", "--file", "nothing.txt"), 3),
        (("vigenere", "a", "--key", "!"), 3),
        (("kasiski", "too short"), 3),
        (("vernam", "abc", "--pad", "a"), 3),
        (("vernam", "abc", "--crib", "a"), 2),
        (("des", "--key", "zz"), 3),
        (("des", "--unknown-bits", "25"), 2),
        (("aes", "--key", "00"), 3),
        (("keys", "0"), 3),
        (("rsa", "a text"), 2),
        (("rsa", "5", "--p", "4"), 3),
        (("rsa", "x", "--cps", "nothing.card", "--pin", "1234"), 4),
    ],
)
def test_what_goes_wrong_is_one_line(
    bench: Bench,
    arguments: tuple[str, ...],
    code: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(bench.folder)
    assert main(["primer", *arguments]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("bifente: ")
    assert "Traceback" not in shown.err


def test_a_wrong_pin_is_said(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["primer", "rsa", "x", "--cps", bench.card("gp"), "--pin", "4321"]) == 6
    assert "4321" not in capsys.readouterr().err
