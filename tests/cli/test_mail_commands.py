"""``bifente mail``: from a text to a mail that is read, by the servers between; what goes wrong leaves nothing behind."""

import json
import os
from pathlib import Path
from time import monotonic, sleep

import pytest
from cardbench import TODAY, Bench, said
from cryptography import x509
from mailbench import pem
from mailservers import CABINET, CAISSE, MailChain, post_settings

from bifente.applets.perso import personalise, read_profile
from bifente.applets.store.stores import create_card_file
from bifente.cli.main import main
from bifente.crypto.cms import verify_detached
from bifente.documents import mime

IN_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")


@pytest.fixture
def desk(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A doctor, a nurse, a document and a mail; the PIN is in the environment."""
    bench.card("gp", "doctor.card")
    bench.card("nurse", "nurse.card")
    monkeypatch.chdir(bench.folder)
    monkeypatch.setenv("BIFENTE_PIN", "1234")
    Path("écho.pdf").write_bytes(bytes(range(256)) * 8)
    ran(
        "compose",
        "--from",
        CABINET,
        "--name",
        "Dr Noël",
        "--to",
        CAISSE,
        "--subject",
        "Été : résultats",
        "--text",
        "Déjà là.",
        "--attach",
        "écho.pdf",
        "-o",
        "mail.eml",
    )
    ran("certificate", "--cps", "nurse.card", "-o", "nurse.pem")
    return bench


def ran(*arguments: str, code: int = 0) -> None:
    assert main(["mail", *arguments]) == code, arguments


def refused(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> str:
    """The one line of an error; nothing is written."""
    capsys.readouterr()
    before = set(os.listdir())
    ran(*arguments, code=code)
    out, err = said(capsys)
    assert out == []
    assert set(os.listdir()) == before
    assert err[0].startswith("bifente: ")
    return "\n".join(err)


def test_from_a_text_to_what_the_recipient_reads(desk: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    ran("encrypt", "mail.eml", "--to-cert", "nurse.pem", "--sign", "--cps", "doctor.card", "-o", "sealed.eml")
    assert b"sultats" not in Path("sealed.eml").read_bytes()
    ran("decrypt", "sealed.eml", "--cps", "nurse.card", "-o", "opened.eml")
    capsys.readouterr()
    ran("verify", "opened.eml", "--text", "--save", "got")
    out, err = said(capsys)
    assert err == []
    assert out[0] == "opened.eml: the signature holds"
    assert any("Été : résultats" in line for line in out)
    assert "Déjà là." in out
    assert Path("got/écho.pdf").read_bytes() == Path("écho.pdf").read_bytes()
    for name in ("sealed.eml", "opened.eml", "got/écho.pdf"):
        assert Path(name).stat().st_mode & 0o077 == 0
    ran("verify", "opened.eml", "--json")
    facts = json.loads("\n".join(said(capsys)[0]))
    assert (facts["sender"], facts["headers_signed"], facts["sender_named_by"]) == (CABINET, True, "nobody")
    assert facts["attachments"] == [{"name": "écho.pdf", "type": "application/pdf", "bytes": 2048}]


def test_a_signed_mail_is_enciphered_later_and_keeps_its_signature(
    desk: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    ran("sign", "mail.eml", "--cps", "doctor.card", "-o", "signed.eml")
    ran(
        "encrypt",
        "signed.eml",
        "--to-cert",
        f"{CAISSE}=nurse.pem",
        "--cipher",
        "aes-128-gcm",
        "-o",
        "sealed.eml",
    )
    ran("decrypt", "sealed.eml", "--cps", "nurse.card", "-o", "opened.eml")
    ran("verify", "opened.eml")
    assert "aes-128-gcm" in capsys.readouterr().out


def test_a_wrong_pin_and_a_blocked_one_leave_nothing(desk: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    sign = ("sign", "mail.eml", "--cps", "doctor.card", "-o", "x.eml", "--pin", "9999")
    assert "2 tries left" in refused(capsys, 6, *sign)
    assert "1 try left" in refused(capsys, 6, *sign)
    assert "PIN is blocked" in refused(capsys, 7, *sign)
    right = (*sign[:-1], "1234")
    assert "PIN is blocked" in refused(capsys, 7, *right)
    sealed = (
        "encrypt",
        "mail.eml",
        "--to-cert",
        "nurse.pem",
        "--sign",
        "--cps",
        "doctor.card",
        "-o",
        "x.eml",
    )
    assert "PIN is blocked" in refused(capsys, 7, *sealed)


@pytest.mark.parametrize(("key", "command"), [("81", "sign"), ("82", "decrypt")])
def test_a_card_without_the_key_leaves_nothing(
    desk: Bench, capsys: pytest.CaptureFixture[str], key: str, command: str
) -> None:
    records = dict(personalise(read_profile("nurse"), desk.authority, keys=desk.source, today=TODAY))
    del records[f"key/3F00/0001/{key}"]
    create_card_file(Path("without.card"), records)
    ran("certificate", "--cps", "without.card", "-o", "without.pem")
    ran("encrypt", "mail.eml", "--to-cert", "without.pem", "-o", "sealed.eml")
    source = "mail.eml" if command == "sign" else "sealed.eml"
    assert "the CPS refused" in refused(capsys, 9, command, source, "--cps", "without.card", "-o", "x.eml")


def test_a_mail_for_another_card_costs_no_try(desk: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    ran("encrypt", "mail.eml", "--to-cert", "nurse.pem", "-o", "sealed.eml")
    line = refused(capsys, 3, "decrypt", "sealed.eml", "--cps", "doctor.card", "--pin", "9999", "-o", "x.eml")
    assert "not for this certificate" in line
    ran("sign", "mail.eml", "--cps", "doctor.card", "-o", "y.eml")
    assert main(["pin", "status", "doctor.card"]) == 0
    assert "3 of 3 tries left" in capsys.readouterr().out


def test_a_recipient_without_a_certificate_or_with_a_wrong_one(
    desk: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    encrypt = ("encrypt", "mail.eml", "-o", "x.eml")
    assert f"no certificate to encipher for {CAISSE}" in refused(capsys, 3, *encrypt)
    assert "not a certificate" in refused(capsys, 3, *encrypt, "--to-cert", "écho.pdf")
    assert "and the mail is not" in refused(capsys, 3, *encrypt, "--to-cert", "other@x.example=nurse.pem")
    ran("sign", "mail.eml", "--cps", "doctor.card", "-o", "signed.eml")
    content, signature = mime.raw_parts(mime.parse(Path("signed.eml").read_bytes()))
    found = verify_detached(mime.content(mime.parse(signature)), content)
    Path("sig.pem").write_bytes(pem(found.certificate))
    assert "for signatures only" in refused(capsys, 3, *encrypt, "--to-cert", "sig.pem")


def test_of_two_valid_certificates_the_newest_is_taken_and_said(
    desk: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    ran("certificate", "--cps", "doctor.card", "-o", "doctor.pem")
    capsys.readouterr()
    ran(
        "encrypt",
        "mail.eml",
        "--to-cert",
        f"{CAISSE}=doctor.pem",
        "--to-cert",
        f"{CAISSE}=nurse.pem",
        "-o",
        "sealed.eml",
    )
    out, _ = said(capsys)
    assert any("has 2 valid certificates: the newest is taken" in line for line in out)
    two = [x509.load_pem_x509_certificate(Path(name).read_bytes()) for name in ("doctor.pem", "nurse.pem")]
    newest = max(two, key=lambda one: (one.not_valid_before_utc, one.serial_number))
    assert f"{newest.serial_number:x}" in out[1]


def test_the_signer_of_an_opposed_card_is_refused(desk: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    ran("sign", "mail.eml", "--cps", "doctor.card", "-o", "signed.eml")
    assert main(["card", "oppose", "doctor.card"]) == 0
    assert "certificateHold" in refused(capsys, 11, "verify", "signed.eml", "--save", "got")
    assert main(["card", "oppose", "doctor.card", "--lift"]) == 0
    ran("verify", "signed.eml")


def test_what_a_single_revocation_says_holds_for_signers_and_recipients(
    desk: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    ran("sign", "mail.eml", "--cps", "doctor.card", "-o", "signed.eml")
    serial = next(
        line.split()[1] for line in _verified(capsys, "signed.eml") if line.strip().startswith("certificate")
    )
    assert main(["igc", "revoke", serial, "--reason", "keyCompromise"]) == 0
    assert "keyCompromise" in refused(capsys, 11, "verify", "signed.eml")
    own = x509.load_pem_x509_certificate(Path("nurse.pem").read_bytes())
    assert main(["igc", "revoke", f"{own.serial_number:x}", "--reason", "superseded"]) == 0
    line = refused(capsys, 3, "encrypt", "mail.eml", "--to-cert", "nurse.pem", "-o", "x.eml")
    assert "its certificate is revoked" in line


def _verified(capsys: pytest.CaptureFixture[str], name: str) -> list[str]:
    capsys.readouterr()
    ran("verify", name)
    return said(capsys)[0]


def test_an_existing_file_is_not_replaced_and_no_card_is_asked(
    desk: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refused(capsys, 3, "sign", "mail.eml", "--cps", "doctor.card", "--pin", "9999", "-o", "nurse.pem")
    assert "is there already" in line
    assert "a card file, not a mail" in refused(
        capsys, 3, "sign", "doctor.card", "--cps", "doctor.card", "-o", "x.eml"
    )
    assert "not a mail" in refused(capsys, 3, "verify", "écho.pdf")
    assert "professional's card" in refused(capsys, 2, "sign", "mail.eml", "-o", "x.eml")
    os.mkdir("folder")
    assert "folder" in refused(capsys, 3, "verify", "folder")


def test_recipients_and_senders_are_looked_up_in_the_annuaire(
    desk: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    fill = ("annuaire", "fill", "--annuaire", "annuaire.db")
    assert main([*fill, "nurse.card", "--mail", CAISSE]) == 0
    assert main([*fill, "doctor.card", "--mail", CABINET]) == 0
    where = ("--annuaire", "annuaire.db")
    capsys.readouterr()
    ran("encrypt", "mail.eml", "--sign", "--cps", "doctor.card", *where, "-o", "sealed.eml")
    ran("decrypt", "sealed.eml", "--cps", "nurse.card", "-o", "opened.eml")
    ran("verify", "opened.eml", *where)
    assert "(as the annuaire says)" in capsys.readouterr().out
    ran(
        "compose",
        "--from",
        "chef@hopital.example",
        "--to",
        "qui@cabinet.example",
        "--text",
        "x",
        "-o",
        "forged.eml",
    )
    ran("sign", "forged.eml", "--cps", "doctor.card", "-o", "forged-signed.eml")
    line = refused(capsys, 11, "verify", "forged-signed.eml", *where)
    assert f"from chef@hopital.example, and is signed by the holder of {CABINET}" in line
    line = refused(capsys, 3, "encrypt", "forged.eml", *where, "-o", "x.eml")
    assert "no certificate to encipher for qui@cabinet.example: the annuaire has none" in line


# -- by the servers


def fetched(capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, object]]:
    """The mails of a box once there is one: a server delivers after it has taken a mail."""
    deadline = monotonic() + 20
    while monotonic() < deadline:
        capsys.readouterr()
        ran("fetch", *options, "--json")
        found: list[dict[str, object]] = json.loads(capsys.readouterr().out)
        if found:
            return found
        sleep(0.05)
    raise AssertionError("nothing has come")


@pytest.mark.parametrize("receiving", ["pop3", "imap"])
def test_a_mail_goes_by_smtp_and_is_fetched_opened_and_verified(
    desk: Bench, chain: MailChain, capsys: pytest.CaptureFixture[str], receiving: str
) -> None:
    ran("encrypt", "mail.eml", "--to-cert", "nurse.pem", "--sign", "--cps", "doctor.card", "-o", "sealed.eml")
    ran("send", "sealed.eml", "--account", post_settings(chain, CABINET))
    own = post_settings(chain, CAISSE, receiving)
    found = fetched(capsys, "--account", own, "-o", "inbox")
    assert [(one["subject"], one["protection"]) for one in found] == [("[...]", "enciphered")]
    ran("fetch", "--account", own, "-o", "inbox", "--delete")
    assert len(os.listdir("inbox")) == 1  # the same mail is one file
    ran("decrypt", str(found[0]["file"]), "--cps", "nurse.card", "-o", "opened.eml")
    ran("verify", "opened.eml", "--text")
    assert "Déjà là." in capsys.readouterr().out
    ran("fetch", "--account", own, "-o", "empty")
    assert capsys.readouterr().out == "no mail\n"


def test_what_is_not_sent_says_why(desk: Bench, chain: MailChain, capsys: pytest.CaptureFixture[str]) -> None:
    own = post_settings(chain, CABINET)
    assert "neither signed nor enciphered" in refused(capsys, 3, "send", "mail.eml", "--account", own)
    ran("compose", "--from", CAISSE, "--to", CABINET, "--text", "x", "-o", "not-mine.eml")
    assert "the account is that of" in refused(capsys, 3, "send", "not-mine.eml", "--account", own, "--plain")
    ran(
        "compose",
        "--from",
        CABINET,
        "--to",
        CAISSE,
        "--to",
        "nobody@349.01.rss.test",
        "--text",
        "x",
        "-o",
        "two.eml",
    )
    line = refused(capsys, 15, "send", "two.eml", "--account", own, "--plain")
    assert f"it was sent to {CAISSE}" in line
    assert "nobody@349.01.rss.test only" in line
    assert len(fetched(capsys, "--account", post_settings(chain, CAISSE), "-o", "got", "--delete")) == 1
    Path("down.yaml").write_text(
        f"address: {CABINET}\nsmtp: {{host: 127.0.0.1, port: 9, security: none}}\npop3: {{host: localhost, user: x}}\n"
    )
    assert "does not answer" in refused(capsys, 15, "send", "mail.eml", "--account", "down.yaml", "--plain")
