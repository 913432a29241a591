"""The modern half of the primer with CPS cards: in files, or made for the lesson and held in memory."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.errors import WorkbenchError
from bifente.workbench.mail.cards import mail_card

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from bifente.crypto.primer.lesson import Lesson
    from bifente.igc import Authority
    from bifente.terminal import CpsSession

ALICE, BOB = "gp", "nurse"
"""The profiles of the cards that are made for the lesson."""


@contextmanager
def lesson_card(
    file: Path | None, profile: str, authority: "Callable[[], Authority]", pin: Callable[[], bytes] | None
) -> "Iterator[CpsSession]":
    """A session with the CPS in *file*, by its *pin*, or with a new one of *profile*. Raises as ``mail_card``, and PersoError."""
    if file is not None:
        with mail_card(file, (), pin) as session:
            yield session
        return
    from bifente.reader import CPS_SLOT, TwoSlotReader
    from bifente.terminal import CpsSession
    from bifente.workbench.cards.maker import PIN, CardMaker

    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, CardMaker(authority()).card(profile))
        session = CpsSession(reader.link(CPS_SLOT))
        if pin is not None:
            session.verify_pin(PIN)
        yield session


def sign_on_card(
    text: str, cps: Path | None, authority: "Callable[[], Authority]", pin: Callable[[], bytes]
) -> "Lesson":
    """The signature of a card, opened by hand and verified. Raises TerminalError, StoreError, WorkbenchError."""
    from bifente.crypto.primer.trust import card_signature

    with lesson_card(cps, ALICE, authority, pin) as session:
        key = _public(session.signature_certificate())
        return card_signature(text.encode("utf-8", "replace"), key, session.sign)


def send_between_cards(
    text: str,
    alice: Path | None,
    bob: Path | None,
    authority: "Callable[[], Authority]",
    pin: Callable[[], bytes],
) -> "Lesson":
    """The double envelope: the card of *alice* signs, that of *bob* deciphers. Raises as :func:`sign_on_card`."""
    from bifente.crypto.primer.trust import double_envelope

    if alice is not None and bob is not None and alice.resolve() == bob.resolve():
        raise WorkbenchError("Alice and Bob are the same card: each needs one of their own", "usage")
    with (
        lesson_card(alice, ALICE, authority, pin) as hers,
        lesson_card(bob, BOB, authority, pin) as his,
    ):
        return double_envelope(
            text.encode("utf-8", "replace"),
            (_public(hers.signature_certificate()), hers.sign),
            (_public(his.authentication_certificate()), his.decipher),
            secrets.token_bytes(32),
            secrets.token_bytes(12),
        )


def check_lecture_certificate() -> "Lesson":
    """The lecture's certificate of Alice, by an organisme whose key is made for the lesson."""
    from bifente.crypto import rsa
    from bifente.crypto.primer.trust import alice_certificate

    return alice_certificate(rsa.generate())


def check_card_certificate(cps: Path | None, authority: "Callable[[], Authority]") -> "Lesson":
    """The certificate of a card, opened with the public key of the authority that issued it. Raises as :func:`sign_on_card`."""
    from cryptography import x509

    from bifente.crypto.primer.trust import card_certificate

    issuers = authority().trust_store.intermediates
    with lesson_card(cps, ALICE, authority, None) as session:
        der = session.signature_certificate()
    certificate = x509.load_der_x509_certificate(der)
    issuer = next((one for one in issuers if one.subject == certificate.issuer), None)
    if issuer is None:
        raise WorkbenchError("this authority did not issue the card", "input.other-authority")
    return card_certificate(
        certificate.subject.rfc4514_string(),
        certificate.tbs_certificate_bytes,
        certificate.signature,
        _public(issuer),
    )


def _public(certificate: object) -> "RSAPublicKey":
    """The RSA key of a certificate. Raises WorkbenchError."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        read = x509.load_der_x509_certificate(certificate) if isinstance(certificate, bytes) else certificate
    except ValueError:
        raise WorkbenchError("the certificate of the card cannot be read") from None
    key = read.public_key() if isinstance(read, x509.Certificate) else None
    if not isinstance(key, RSAPublicKey):
        raise WorkbenchError("the certificate has no RSA key")
    return key
