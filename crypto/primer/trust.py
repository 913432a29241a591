"""The modern half with real keys: a signature opened, the double envelope, the certificate of Alice, and why MD5 went."""

from collections.abc import Callable
from hashlib import md5, sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bifente.crypto.primer.lesson import Fact, Lesson, PrimerError, PrimerStep

FICHE: Final = (
    "Organisme : BibM@th\nValable : Du 20/12/02 au 20/12/05\nNom : Alice\nClé : WRP512KRJH\n"
    "Mail : mathweb@free.fr\nProfession : informaticienne\n"
)
"""The certificate of Alice as the lecture shows it, without its signature."""

_FIRST: Final = bytes.fromhex(
    "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f8955ad340609f4b30283e488832571415a"
    "085125e8f7cdc99fd91dbdf280373c5bd8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0"
    "e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70"
)
_DIFFERENT: Final = (19, 45, 59, 83, 109, 123)
_SECOND: Final = bytes(byte ^ 0x80 if at in _DIFFERENT else byte for at, byte in enumerate(_FIRST))
COLLISION: Final = (_FIRST, _SECOND)
"""Two texts of 128 bytes with one MD5, published in August 2004 (Wang, Feng, Lai, Yu, IACR ePrint 2004/199)."""


def opened(key: RSAPublicKey, signature: bytes) -> bytes:
    """What stands in a signature: signature^e mod n (RFC 8017 §5.2.2). Raises PrimerError."""
    numbers = key.public_numbers()
    value = int.from_bytes(signature)
    if value >= numbers.n:
        raise PrimerError("the signature is not below the modulus of the key")
    return pow(value, numbers.e, numbers.n).to_bytes((key.key_size + 7) // 8)


def holds(key: RSAPublicKey, signature: bytes, message: bytes, algorithm: hashes.HashAlgorithm) -> bool:
    """Whether *signature* is one of *message* (RSASSA-PKCS1-v1_5)."""
    try:
        key.verify(signature, message, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True


def card_signature(message: bytes, key: RSAPublicKey, sign: Callable[[bytes], bytes]) -> Lesson:
    """RSA on a card: *sign* is the card, *key* its public key."""
    signature, digest = sign(message), sha256(message).digest()
    inside = opened(key, signature)
    numbers = key.public_numbers()
    return Lesson(
        "RSA on the card",
        (
            PrimerStep("The résumé of the message (SHA-256)", (digest.hex(),)),
            PrimerStep("The card signs with its private key, which never leaves it", (_short(signature),)),
            PrimerStep(f"Anybody raises the signature to e = {numbers.e}, modulo n of {key.key_size} bits", (_short(inside),)),
            PrimerStep("The résumé stands at its end", (inside[-32:].hex(), "the same" if inside[-32:] == digest else "another one")),
            PrimerStep("With one letter more the signature holds no longer", (str(holds(key, signature, message + b"!", hashes.SHA256())).lower(),)),
        ),
        {"signature": signature.hex(), "digest": digest.hex(), "holds": holds(key, signature, message, hashes.SHA256()), "bits": key.key_size},
    )  # fmt: skip


def double_envelope(
    message: bytes,
    alice: tuple[RSAPublicKey, Callable[[bytes], bytes]],
    bob: tuple[RSAPublicKey, Callable[[bytes], bytes]],
    content_key: bytes,
    nonce: bytes,
) -> Lesson:
    """SA(M), then PB(SA(M)), and back: *alice* has her public key and what signs, *bob* his and what deciphers.

    RSA is slow and takes few bytes: PB enciphers a key of AES, which enciphers message and signature.
    """
    signature = alice[1](message)
    boxed = AESGCM(content_key).encrypt(nonce, signature + message, None)
    locked = bob[0].encrypt(content_key, padding.PKCS1v15())
    plain = AESGCM(bob[1](locked)).decrypt(nonce, boxed, None)
    signed, text = plain[: len(signature)], plain[len(signature) :]
    verified = holds(alice[0], signed, text, hashes.SHA256())
    forged = holds(bob[0], signed, text, hashes.SHA256())
    return Lesson(
        "The double envelope of Alice and Bob",
        (
            PrimerStep("Alice, SA(M): she signs with her private key", (_short(signature),)),
            PrimerStep("Alice, PB(SA(M)): message and signature by a key of AES, that key by Bob's public key", (_short(boxed), _short(locked))),
            PrimerStep("Bob, SB(PB(SA(M))) = SA(M): only his private key opens", (_short(signed), text.decode(errors="replace"))),
            PrimerStep("Bob, PA(SA(M)) = M: Alice's public key verifies", ("it is from Alice" if verified else "it is not from Alice",)),
            PrimerStep("By another's public key it does not", (str(forged).lower(),)),
        ),
        {"signature": signature.hex(), "key_enciphered": locked.hex(), "message": text.decode(errors="replace"), "holds": verified},
    )  # fmt: skip


def alice_certificate(organisation: RSAPrivateKey) -> Lesson:
    """The fiche of Alice signed by the *organisation* over its MD5 as the lecture does, checked by Bob, then attacked."""
    fiche = FICHE.encode()
    public = organisation.public_key()
    old, new = hashes.MD5(), hashes.SHA256()  # noqa: S303 - MD5 is the lecture's, and it is shown why not
    signature = organisation.sign(fiche, padding.PKCS1v15(), old)
    shown, hidden = (start + fiche for start in COLLISION)
    stolen = organisation.sign(shown, padding.PKCS1v15(), old)
    today = organisation.sign(shown, padding.PKCS1v15(), new)
    facts: dict[str, Fact] = {
        "md5": _md5(fiche),
        "holds": holds(public, signature, fiche, old),
        "forged_holds_with_md5": holds(public, stolen, hidden, old),
        "forged_holds_with_sha256": holds(public, today, hidden, new),
    }
    return Lesson(
        "The certificate of Alice, checked by Bob",
        (
            PrimerStep("The organisme verifies what Alice says of herself, and adds its own", tuple(FICHE.splitlines())),
            PrimerStep("It makes a résumé (MD5), and signs it with its private key", (_md5(fiche), _short(signature))),
            PrimerStep("Bob makes the résumé, opens the signature with the public key, and compares", (opened(public, signature)[-16:].hex(), _said(facts["holds"] is True))),
            PrimerStep("Why not today: two texts with one MD5, published in 2004, each before the same fiche", (f"{_md5(shown)}  SHA-256 {sha256(shown).hexdigest()[:16]}…", f"{_md5(hidden)}  SHA-256 {sha256(hidden).hexdigest()[:16]}…")),
            PrimerStep("What the organisme signed for the first, put under the second", (f"MD5      {_said(facts['forged_holds_with_md5'] is True)}", f"SHA-256  {_said(facts['forged_holds_with_sha256'] is True)}")),
        ),
        facts,
    )  # fmt: skip


def card_certificate(subject: str, body: bytes, signature: bytes, issuer: RSAPublicKey) -> Lesson:
    """The certificate of a card by the public key of its issuer: *body* is what is signed (SHA-256)."""
    digest, inside = sha256(body).digest(), opened(issuer, signature)
    verified = holds(issuer, signature, body, hashes.SHA256())
    return Lesson(
        "The certificate of a card",
        (
            PrimerStep("Who it names", (subject,)),
            PrimerStep("The résumé of what is signed (SHA-256)", (digest.hex(),)),
            PrimerStep(
                "The signature, opened with the issuer's public key", (inside[-32:].hex(), _said(verified))
            ),
        ),
        {"subject": subject, "holds": verified},
    )


def _md5(text: bytes) -> str:
    return md5(text, usedforsecurity=False).hexdigest()


def _said(same: bool) -> str:
    return "the same: the signature holds" if same else "another one: the signature does not hold"


def _short(value: bytes) -> str:
    text = value.hex()
    return text if len(text) <= 64 else f"{text[:28]}…{text[-28:]} ({len(value)} bytes)"
