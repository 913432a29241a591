"""Mails of ours in gpgsm, NSS and mutt, and theirs in ours."""

import mailbox
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key
from mailbench import CAISSE, DOCTOR, NOW, TEXT, CardAtHand, pem, text_of
from mailprograms import ProgramHome, fingerprint, gnupg_home, nss_home
from terminalprogram import on_terminal

from bifente.crypto import rsa
from bifente.crypto.cms import open_enveloped, read_signed_data, verify_detached
from bifente.documents import mime
from bifente.igc import Authority, IssuedCaisse
from bifente.mail import Draft, compose, decrypt, encrypt, sign, verify

MakeDraft = Callable[..., Draft]


@pytest.fixture
def to_caisse(draft: MakeDraft) -> bytes:
    return compose(draft(to=(CAISSE,)), random=bytes)


@pytest.fixture(scope="module")
def gnupg(
    require_tool: Callable[[str], str], pooled_authority: Authority, caisse: IssuedCaisse
) -> Iterator[ProgramHome]:
    """GnuPG at the caisse."""
    for tool in ("gpgsm", "gpg-agent", "gpgconf"):
        require_tool(tool)
    with gnupg_home(pooled_authority, caisse.key, caisse.certificate) as home:
        yield home


@pytest.fixture(scope="module")
def nss(
    require_tool: Callable[[str], str],
    pooled_authority: Authority,
    caisse: IssuedCaisse,
    hands: Callable[[str], CardAtHand],
    tmp_path_factory: pytest.TempPathFactory,
) -> ProgramHome:
    """NSS with the caisse's key, and with a copy of a CPS's signature key."""
    for tool in ("cmsutil", "certutil", "pk12util"):
        require_tool(tool)
    doctor = hands("gp")
    copied = load_der_private_key(doctor.card.store.get("key/3F00/0001/81"), None)
    assert isinstance(copied, RSAPrivateKey)
    folder = tmp_path_factory.mktemp("nss") / "db"
    bags = (caisse.key, caisse.certificate, "caisse"), (copied, doctor.signer.certificate, "cps")
    home = nss_home(folder, pooled_authority, *bags)
    home.write("aut.pem", pem(doctor.decipher.certificate))
    home.run("certutil", "-A", "-d", "sql:.", "-n", "aut", "-t", ",,", "-i", "aut.pem", "-a")
    return home


def apart(home: ProgramHome, signed: bytes) -> None:
    """``content`` and ``signature`` of a signed mail, as files."""
    content, signature = mime.raw_parts(mime.parse(signed))
    home.write("content", content)
    home.write("signature", mime.content(mime.parse(signature)))


# -- gpgsm


def test_gpgsm_verifies_what_the_card_signs_and_finds_a_change(
    gnupg: ProgramHome, doctor: CardAtHand, written: bytes
) -> None:
    apart(gnupg, sign(written, doctor.signer, when=NOW))
    _, said = gnupg.run("gpgsm", "--verify", "signature", "content")
    assert "Good signature" in said
    gnupg.write("content", b"another")
    _, said = gnupg.run("gpgsm", "--verify", "signature", "content", code=None)
    assert "BAD signature" in said or "invalid signature" in said


def test_gpgsm_deciphers_ours_and_we_what_it_enciphers(
    gnupg: ProgramHome, caisse: IssuedCaisse, doctor: CardAtHand, to_caisse: bytes
) -> None:
    sealed = encrypt(to_caisse, [doctor.decipher.certificate, caisse.certificate], cipher="aes-128-cbc")
    gnupg.write("sealed", mime.content(mime.parse(sealed)))
    # of a recipient whom it does not know it makes an exit code, and deciphers all the same
    opened, _ = gnupg.run("gpgsm", "--decrypt", "sealed", code=None)
    assert text_of(opened) == TEXT
    enciphered, _ = gnupg.run("gpgsm", "-r", fingerprint(caisse.certificate), "--encrypt", given=opened)
    assert open_enveloped(enciphered, caisse.key, caisse.certificate) == opened


def test_we_verify_what_gpgsm_signs(gnupg: ProgramHome, caisse: IssuedCaisse) -> None:
    content = "Bonjour, réglé.\r\n".encode()
    user = ("gpgsm", "-u", fingerprint(caisse.certificate))
    signature, _ = gnupg.run(*user, "--detach-sign", given=content)
    assert verify_detached(signature, content).certificate == caisse.certificate
    whole, _ = gnupg.run(*user, "--sign", given=content)
    assert read_signed_data(whole).content == content


def test_gpgsm_does_not_encipher_for_a_card(gnupg: ProgramHome, doctor: CardAtHand) -> None:
    """Its authentication certificate says digitalSignature only: gpgsm wants keyEncipherment, openssl and NSS do not."""
    gnupg.write("aut.pem", pem(doctor.decipher.certificate))
    gnupg.run("gpgsm", "--import", "aut.pem")
    to = fingerprint(doctor.decipher.certificate)
    enciphered, said = gnupg.run("gpgsm", "-r", to, "--encrypt", given=b"secret", code=None)
    assert "Wrong key usage" in said
    assert enciphered == b""


# -- NSS


def test_nss_verifies_what_the_card_signs(nss: ProgramHome, doctor: CardAtHand, written: bytes) -> None:
    apart(nss, sign(written, doctor.signer, when=NOW))
    said, _ = nss.run("cmsutil", "-D", "-d", "sql:.", "-n", "-h", "1", "-c", "content", "-i", "signature")
    assert b"GoodSignature" in said


def test_nss_does_not_sign_with_a_key_for_non_repudiation_only(
    nss: ProgramHome, caisse: IssuedCaisse
) -> None:
    """What a CPS's certificate is: mail programs on NSS, as Thunderbird, do not sign with it (spec/pki.md §3.1)."""
    nss.write("text", b"Bonjour.\r\n")
    sign_as = ("cmsutil", "-S", "-d", "sql:.", "-i", "text", "-o", "out", "-N")
    _, said = nss.run(*sign_as, "cps", code=1)
    assert "SEC_ERROR_INADEQUATE_KEY_USAGE" in said
    nss.run(*sign_as, "caisse")
    read = read_signed_data((nss.folder / "out").read_bytes())
    assert (read.content, read.certificate) == (b"Bonjour.\r\n", caisse.certificate)


def test_nss_and_the_card_encipher_for_each_other(
    nss: ProgramHome, doctor: CardAtHand, caisse: IssuedCaisse, to_caisse: bytes
) -> None:
    sealed = encrypt(to_caisse, [caisse.certificate], signer=doctor.signer, when=NOW)
    nss.write("sealed", mime.content(mime.parse(sealed)))
    opened, _ = nss.run("cmsutil", "-D", "-d", "sql:.", "-i", "sealed")
    assert opened.startswith(b"Content-Type: multipart/signed")
    nss.write("text", b"Content-Type: text/plain\r\n\r\nBonjour.\r\n")
    nss.run("cmsutil", "-E", "-d", "sql:.", "-r", "aut", "-i", "text", "-o", "out")
    content = open_enveloped(
        (nss.folder / "out").read_bytes(), doctor.decipher, doctor.decipher.certificate, legacy=True
    )
    assert content.endswith(b"Bonjour.\r\n")


def test_nss_reads_no_gcm_which_is_why_cbc_is_the_default(
    nss: ProgramHome, caisse: IssuedCaisse, to_caisse: bytes
) -> None:
    sealed = encrypt(to_caisse, [caisse.certificate], cipher="aes-256-gcm")
    nss.write("sealed", mime.content(mime.parse(sealed)))
    _, said = nss.run("cmsutil", "-D", "-d", "sql:.", "-i", "sealed", code=None)
    assert "SEC_ERROR_UNRECOGNIZED_OID" in said


# -- mutt


@pytest.fixture(scope="module")
def mutt(require_tool: Callable[[str], str], gnupg: ProgramHome, caisse: IssuedCaisse) -> Callable[..., str]:
    """``mutt(options, keys)`` at the caisse: what it shows; what it sends is the file ``sent``."""
    program = require_tool("mutt")
    script = gnupg.folder / "sendmail"
    script.write_text(f"#!/bin/sh\nexec cat > {gnupg.folder}/sent\n")
    script.chmod(0o700)
    own = fingerprint(caisse.certificate)
    settings = (
        "set crypt_use_gpgme=yes crypt_verify_sig=yes crypt_autosign=yes crypt_autosmime=yes crypt_autopgp=no",
        f'set smime_is_default=yes smime_default_key="{own}" smime_sign_as="{own}"',
        f'set from="{CAISSE}" realname="Caisse" use_from=yes sendmail="{script}" record="" charset=utf-8 folder="{gnupg.folder}"',
        f'set tmpdir="{gnupg.folder}" editor=true abort_unmodified=no edit_headers=no mbox_type=mbox',
    )
    gnupg.write("muttrc", "\n".join(settings).encode())

    def run(options: list[str], keys: list[tuple[str, str]]) -> str:
        command = [program, "-n", "-F", "muttrc", *options]
        return on_terminal(command, keys, folder=gnupg.folder, environment=gnupg.environment)

    return run


@pytest.mark.parametrize("sealed", [False, True], ids=["signed", "signed and enciphered"])
def test_mutt_shows_ours_with_its_signature_and_its_subject(
    mutt: Callable[..., str],
    gnupg: ProgramHome,
    caisse: IssuedCaisse,
    doctor: CardAtHand,
    to_caisse: bytes,
    sealed: bool,
) -> None:
    if sealed:
        mail = encrypt(to_caisse, [caisse.certificate], signer=doctor.signer, when=NOW)
    else:
        mail = sign(to_caisse, doctor.signer, when=NOW)
    path = gnupg.folder / "box"
    path.unlink(missing_ok=True)
    box = mailbox.mbox(path)
    box.add(mail)
    box.close()
    shown = mutt(["-f", "box", "-e", "push <display-message>"], [("End of signed data", "")])
    for words in (
        "Good signature from",
        "CN=899700000013",
        "Subject: Résultats d'analyse",
        "M. Noël",
        "échographie.pdf",
    ):
        assert words in shown


def test_we_verify_what_mutt_signs(
    mutt: Callable[..., str], gnupg: ProgramHome, pooled_authority: Authority
) -> None:
    gnupg.write("body", "Bonjour,\nréglé — à bientôt.\n".encode())
    keys = [("To:", "\r"), ("Subject:", "\r"), ("y:Send", "y"), ("Mail sent", "")]
    mutt(["-s", "Retour réglé", "-i", "body", DOCTOR], keys)
    sent = (gnupg.folder / "sent").read_bytes()
    found = verify(sent, pooled_authority.trust_store, NOW)
    assert (found.sender, found.named_by) == (CAISSE, "certificate")
    assert text_of(found.payload) == "Bonjour,\nréglé — à bientôt.\n"


def test_a_mail_of_several_recipients_is_read_by_each(
    gnupg: ProgramHome, caisse: IssuedCaisse, doctor: CardAtHand, nurse: CardAtHand, written: bytes
) -> None:
    sealed = encrypt(
        written,
        [one.decipher.certificate for one in (doctor, nurse)] + [caisse.certificate],
        cipher="aes-256-gcm",
    )
    for hand in (doctor, nurse):
        assert text_of(decrypt(sealed, hand.decipher, hand.decipher.certificate).message) == TEXT

    def own(cryptogram: bytes) -> bytes:
        return rsa.decrypt(caisse.key, cryptogram)

    assert text_of(decrypt(sealed, own, caisse.certificate).message) == TEXT
