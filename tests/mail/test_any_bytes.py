"""Whatever bytes come as a mail: the answer is one of our refusals, or what was really signed and enciphered."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mailbench import NOW, CardAtHand

from bifente.crypto import rsa
from bifente.documents.mime import MimeError
from bifente.igc import Authority, IssuedCaisse
from bifente.mail import Draft, SecureMailError, compose, decrypt, encrypt, sign, verify

REFUSALS = (SecureMailError, MimeError)
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def mails(caisse: IssuedCaisse, hands: Callable[[str], CardAtHand]) -> dict[str, bytes]:
    """A small mail, signed clear and opaque, and enciphered for the caisse."""
    draft = Draft("alice@cabinet.example", ("guy@infirmier.example",), "Été", "Déjà.\n", NOW)
    message, signer = compose(draft, random=bytes), hands("gp").signer
    return {
        "clear": sign(message, signer, when=NOW),
        "opaque": sign(message, signer, when=NOW, opaque=True),
        "cbc": encrypt(message, [caisse.certificate]),
        "gcm": encrypt(message, [caisse.certificate], cipher="aes-128-gcm"),
    }


@FEW
@given(data=st.data())
def test_a_changed_signed_mail_is_refused_or_says_what_was_signed(
    mails: dict[str, bytes], pooled_authority: Authority, data: st.DataObject
) -> None:
    whole = mails[data.draw(st.sampled_from(["clear", "opaque"]))]
    payload = verify(whole, pooled_authority.trust_store, NOW).payload
    try:
        found = verify(changed(whole, data), pooled_authority.trust_store, NOW)
    except REFUSALS:
        return
    assert found.payload == payload
    assert found.sender == "alice@cabinet.example"


@FEW
@given(data=st.data())
def test_a_changed_enciphered_mail_is_refused_or_opened(
    mails: dict[str, bytes], caisse: IssuedCaisse, data: st.DataObject
) -> None:
    def key(cryptogram: bytes) -> bytes:
        return rsa.decrypt(caisse.key, cryptogram)

    kind = data.draw(st.sampled_from(["cbc", "gcm"]))
    try:
        opened = decrypt(changed(mails[kind], data), key, caisse.certificate)
    except REFUSALS:
        return
    assert not opened.authenticated or b"D=C3=A9j=C3=A0." in opened.message


@FEW
@given(
    garbage=st.binary(max_size=200),
    head=st.sampled_from(
        [
            b"",
            b"From: a@b.example\n",
            b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b\n\n--b\n',
            b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\nContent-Transfer-Encoding: base64\n\n",
            b"Content-Type: application/pkcs7-mime; smime-type=signed-data\n\n0\x80\x06\x09",
        ]
    ),
)
def test_garbage_is_refused(
    pooled_authority: Authority, caisse: IssuedCaisse, garbage: bytes, head: bytes
) -> None:
    mail = head + garbage
    with pytest.raises(REFUSALS):
        verify(mail, pooled_authority.trust_store, NOW)
    with pytest.raises(REFUSALS):
        decrypt(mail, bytes, caisse.certificate)
    try:
        sign(b"From: a@b.example\n" + mail, caisse.signer, when=NOW)
    except REFUSALS:
        return
    assert b"pkcs7-mime" not in head


def changed(whole: bytes, data: st.DataObject) -> bytes:
    """A byte replaced, a piece cut out, or something put in."""
    at = data.draw(st.integers(0, len(whole) - 1))
    cut = data.draw(st.sampled_from([0, 1, 1, 1, 2, 76, 400]))
    new = data.draw(
        st.sampled_from(
            [b"", b"\n", b"\r\n\r\n", b"=", b"\0", b"\xe9", b"--", b"A", b";", b'"', b"=?utf-8?q?"]
        )
    )
    return whole[:at] + new + whole[at + cut :]
