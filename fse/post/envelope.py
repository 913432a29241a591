"""From a letter to the mail that travels, and back: compression, MIME, S/MIME (spec/fse.md §2.4, spec/pki.md §3.2).

Public are the media types, the descriptions of B2 files, zlib, the subject, the header ``X-SV_CHIFFREMENT`` and the
enveloped-data with AES-128; what the letters of that header mean is not, and the vendor in it is ours. A letter of several
parts (a B2 file with its signed lots) is a multipart/mixed inside the envelope: **synthetic**.
"""

import base64
from collections.abc import Iterator, Sequence
from datetime import UTC
from email.utils import format_datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from bifente.crypto import cms
from bifente.crypto.errors import CryptoError
from bifente.documents.mime import MOST_PARTS
from bifente.fse.post import mime
from bifente.fse.post.errors import CertificateNotForLetter, MailRefused, OldSeal, WrongRecipient
from bifente.fse.post.letter import LONGEST_LETTER, LONGEST_PART, Letter, Part
from bifente.fse.post.packing import packed, unpacked
from bifente.igc import caisse_of

CIPHERED_BY: Final = "BIFENTE#bifente#1.40#A#2"
"""``X-SV_CHIFFREMENT``: vendor, product, the version 1.40 of SESAM-Vitale, and two letters whose meaning is not public."""

_LINE: Final = "\r\n"


def seal(
    letter: Letter,
    certificate: bytes,
    *,
    cipher: cms.CipherName = "aes-128-cbc",
    in_mixed: bool = False,
) -> bytes:
    """The mail (RFC 5322, ASCII) with *letter* enciphered for the holder of *certificate* (DER).

    With *in_mixed* the enciphered part stands in a multipart/mixed, as one public program sends it; without, it is the mail
    itself, as the other does. Raises CertificateNotForLetter: the certificate is that of another caisse, was not valid when
    the letter was sent, or its key is only for signatures.
    """
    _check_certificate(certificate, letter)
    try:
        enveloped = cms.envelop(_inside(letter), [certificate], cipher=cipher)
    except CryptoError as error:
        raise CertificateNotForLetter(f"the letter cannot be sealed: {error}") from None
    content = _lines(
        "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m",
        "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment; filename=smime.p7m",
        f"Content-Description: {letter.parts[0].description}",
    )
    content += _LINE.encode() + _base64(enveloped)
    if in_mixed:
        content = _mixed([content])
    seed = b"" if letter.reference else enveloped
    return _headers(letter, seed, f"X-SV_CHIFFREMENT: {CIPHERED_BY}") + content


def pack(letter: Letter) -> bytes:
    """The mail with *letter* as anybody can read it. Whether a caisse's answers travel so is not public."""
    inside = _inside(letter)
    return _headers(letter, b"" if letter.reference else inside) + inside


def open_letter(
    message: bytes,
    key: RSAPrivateKey | cms.Decipher | None,
    certificate: bytes | None,
    *,
    legacy: bool = False,
    plain: bool = False,
) -> Letter:
    """The letter in a mail, for the holder of *key* and *certificate* (DER).

    The enciphered part may be the mail itself or stand in a multipart/mixed. *legacy* reads Triple DES too; *plain* also
    takes letters that are not enciphered, which are refused otherwise. Raises MailRefused: WrongRecipient, MailTooLarge,
    OldSeal.
    """
    outer = mime.parse(message)
    sealed = _sealed_part(outer)
    if sealed is None and not plain:
        raise MailRefused(
            "the mail is not enciphered", hint="have the sender encipher it for your certificate"
        )
    if sealed is not None and (key is None or certificate is None):
        raise MailRefused(
            "the mail is enciphered, and there is no key to open it", hint="give key and certificate"
        )
    if sealed is None or key is None or certificate is None:
        entity = outer
    else:
        entity = mime.parse(_opened(mime.content(sealed), key, certificate, legacy))
    return Letter(
        sender=mime.address(outer, "From"),
        recipient=mime.address(outer, "To"),
        subject=mime.text(outer, "Subject"),
        parts=tuple(_parts(entity)),
        sent=mime.date(outer),
    )


def message_id(message: bytes) -> str:
    """The Message-ID of a mail, or a name made of its bytes when it has none: the same for the same mail."""
    found = mime.header_of(message, "Message-ID")
    return found or f"<{sha256(message).hexdigest()}@without.message-id.invalid>"


def _inside(letter: Letter) -> bytes:
    """The MIME entity that is enciphered: the one part itself, or a multipart/mixed of several."""
    entities = [_entity(part) for part in letter.parts]
    return entities[0] if len(entities) == 1 else _mixed(entities)


def _entity(part: Part) -> bytes:
    head = _lines(
        f"Content-Type: {part.content_type}; name={part.name}",
        "Content-Transfer-Encoding: base64",
        f"Content-Description: {part.description}",
        f"Content-Disposition: attachment; filename={part.name}",
    )
    return head + _LINE.encode() + _base64(packed(part.description, part.content))


def _mixed(entities: Sequence[bytes]) -> bytes:
    """A multipart/mixed; its boundary is made of what it holds, so that the same letter gives the same bytes."""
    boundary = f"=_{sha256(b''.join(entities)).hexdigest()[:40]}"
    head = _lines(f'Content-Type: multipart/mixed; boundary="{boundary}"')
    between = f"{_LINE}--{boundary}".encode()
    body = b"".join(between + _LINE.encode() + entity for entity in entities)
    return head + body + between + f"--{_LINE}".encode()


def _headers(letter: Letter, seed: bytes, *more: str) -> bytes:
    return _lines(
        f"From: {letter.sender}",
        f"To: {letter.recipient}",
        f"Subject: {letter.subject}",
        f"Date: {format_datetime(letter.sent)}",
        f"Message-ID: {_message_id(letter, seed)}",
        *more,
        "MIME-Version: 1.0",
    )


def _message_id(letter: Letter, seed: bytes) -> str:
    """Of a letter with a reference the same each time; of one without, of this mail."""
    named = (letter.sender, letter.recipient, letter.subject, letter.sent.isoformat(), letter.reference)
    digest = sha256("\n".join(named).encode() + b"\n" + seed).hexdigest()
    return f"<{digest[:40]}@{letter.sender.rpartition('@')[2]}>"


def _lines(*lines: str) -> bytes:
    return "".join(line + _LINE for line in lines).encode("ascii")


def _base64(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", _LINE.encode())


def _sealed_part(outer: mime.MimeEntity) -> mime.MimeEntity | None:
    """The enciphered entity: the mail itself, or the one in a multipart/mixed."""
    candidates = [outer, *mime.parts(outer)] if mime.is_multipart(outer) else [outer]
    found = [one for one in candidates if mime.media_type(one) in _SEALED_TYPES]
    if len(found) > 1:
        raise MailRefused(f"{len(found)} enciphered parts in one mail, one is expected")
    return found[0] if found else None


_SEALED_TYPES: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})


def _opened(enveloped: bytes, key: RSAPrivateKey | cms.Decipher, certificate: bytes, legacy: bool) -> bytes:
    try:
        return cms.open_enveloped(enveloped, key, certificate, legacy=legacy)
    except cms.NotARecipient as error:
        raise WrongRecipient(str(error)) from None
    except cms.OldCipher as error:
        raise OldSeal(str(error)) from None
    except CryptoError as error:
        raise MailRefused(str(error)) from None


def _parts(entity: mime.MimeEntity) -> Iterator[Part]:
    """The documents in what was enciphered, unpacked; all of them together within bounds."""
    entities = mime.parts(entity) if mime.is_multipart(entity) else [entity]
    if not 1 <= len(entities) <= MOST_PARTS:
        raise MailRefused(f"a letter has 1 to {MOST_PARTS} parts, not {len(entities)}")
    left = LONGEST_LETTER
    for number, one in enumerate(entities, 1):
        description = mime.text(one, "Content-Description", default="-")
        content = unpacked(description, mime.content(one), min(left, LONGEST_PART))
        left -= len(content)
        yield mime.part(one, number, description, content)


def _check_certificate(der: bytes, letter: Letter) -> None:
    """Refuse to seal for whom it is not meant. The chain of the certificate is judged by whoever chose it."""
    certificate, caisse, usage = _facts(der)
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not first <= letter.sent.astimezone(UTC) <= last:
        raise CertificateNotForLetter(
            f"the recipient's certificate is valid from {first:%Y-%m-%d} to {last:%Y-%m-%d}, not on {letter.sent:%Y-%m-%d}"
        )
    if caisse is not None and caisse != letter.recipient.lower():
        raise CertificateNotForLetter(
            f"the certificate is that of {caisse}, the letter is for {letter.recipient}"
        )
    if usage is not None and not (usage.key_encipherment or (caisse is None and usage.digital_signature)):
        # the authentication key of a card deciphers too (spec/pki.md §1.3)
        raise CertificateNotForLetter("the recipient's certificate is one for signatures only")


@lru_cache(maxsize=64)
def _facts(der: bytes) -> tuple[x509.Certificate, str | None, x509.KeyUsage | None]:
    """A certificate, the address that it names if it is a caisse's, and what its key is for."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        named = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        caisse = str(named[0].value).lower() if caisse_of(certificate) is not None else None
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    except ValueError:
        raise CertificateNotForLetter("the recipient's certificate cannot be read") from None
    return certificate, caisse, usage
