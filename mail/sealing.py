"""Mails signed and enciphered (RFC 8551): the writer's headers are covered, the lines are canonical.

A signed mail is clear (``multipart/signed``, readable by any program) or opaque (``application/pkcs7-mime``). A mail that is
both is signed first: who enciphers for others cannot make a signature his own, and nobody outside sees who signed.
"""

import base64
import email
import email.errors
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

from bifente.crypto import cms
from bifente.crypto.errors import CryptoError
from bifente.documents import mime
from bifente.documents.mime import BROKEN_HEADERS, MimeEntity
from bifente.mail.addresses import addresses_in
from bifente.mail.drafts import POLICY
from bifente.mail.errors import MessageRefused
from bifente.mail.headers import LINE, HeaderField, content_fields, outside, payload, writers_fields

SIGNATURE_TYPES: Final = ("application/pkcs7-signature", "application/x-pkcs7-signature")
SEALED_TYPES: Final = ("application/pkcs7-mime", "application/x-pkcs7-mime")

_LONGEST_LINE: Final = 998
"""Characters (RFC 5322 §2.1.1)."""


def sign(message: bytes, signer: cms.Signer, *, when: datetime, opaque: bool = False) -> bytes:
    """The mail *message*, signed. The signer is asked once. Raises MessageRefused, MimeError, and what the signer raises."""
    entity = _ready(message)
    _refuse_sealed(entity, "signed")
    signed = _signed(payload(entity, entity.body, enciphered=False), signer, when, opaque)
    return _under(writers_fields(entity), signed)


def encrypt(
    message: bytes,
    certificates: Sequence[bytes],
    *,
    cipher: cms.CipherName = "aes-256-cbc",
    signer: cms.Signer | None = None,
    when: datetime | None = None,
    opaque: bool = False,
) -> bytes:
    """The mail *message*, enciphered for the holders of *certificates* (DER); with a *signer* signed before, at *when*.

    A mail that is signed already keeps its signature, inside. Raises MessageRefused, MimeError, and what the signer raises.
    """
    entity = _ready(message)
    if signer is not None:
        _refuse_sealed(entity, "signed")
        if when is None:
            raise ValueError("a signature needs its time")
        inside = _signed(payload(entity, entity.body, enciphered=True), signer, when, opaque)
    elif is_signed(entity):
        inside = b"".join(one.line for one in content_fields(entity)) + LINE + entity.body
    else:
        _refuse_sealed(entity, "enciphered")
        inside = payload(entity, entity.body, enciphered=True)
    try:
        enveloped = cms.envelop(inside, certificates, cipher=cipher)
    except CryptoError as error:
        raise MessageRefused(f"the mail cannot be enciphered: {error}") from None
    kind = "authEnveloped-data" if cipher.endswith("gcm") else "enveloped-data"
    return _under(outside(writers_fields(entity)), _pkcs7(kind, "smime.p7m", enveloped))


def is_signed(entity: MimeEntity) -> bool:
    """Whether a mail says that it is signed, clear or opaque."""
    if mime.media_type(entity) == "multipart/signed":
        return True
    return mime.media_type(entity) in SEALED_TYPES and smime_type(entity) == "signed-data"


def smime_type(entity: MimeEntity) -> str:
    """The parameter smime-type in small letters, empty when there is none."""
    return str(entity.headers.get_param("smime-type") or "").lower()


def canonical(content: bytes) -> bytes:
    """Every line ends with CR LF (RFC 8551 §3.1.1)."""
    return content.replace(b"\r\n", b"\n").replace(b"\n", LINE)


def _ready(message: bytes) -> MimeEntity:
    """The mail with canonical lines of ASCII and one sender. Raises MessageRefused, MimeError."""
    entity = mime.parse(canonical(message))
    sender = entity.headers.get_all("From", [])
    if len(sender) != 1 or len(addresses_in(str(sender[0]))) != 1:
        raise MessageRefused("a mail has one From with one address")
    if not entity.raw.isascii():
        entity = mime.parse(canonical(_in_ascii(entity.raw)))
    if max(map(len, entity.raw.split(LINE))) > _LONGEST_LINE:
        raise MessageRefused("the mail has a line of more than 998 characters, which servers may break")
    return entity


def _in_ascii(raw: bytes) -> bytes:
    """The mail with quoted-printable and base64 in the place of 8-bit text, whatever the depth. Raises MessageRefused."""
    try:
        rewritten = email.message_from_bytes(raw, policy=POLICY).as_bytes()
    except (*BROKEN_HEADERS, email.errors.MessageError):
        rewritten = raw
    if not rewritten.isascii():
        raise MessageRefused("the mail is not of ASCII", hint="write its text in quoted-printable or base64")
    return rewritten


def _refuse_sealed(entity: MimeEntity, what: str) -> None:
    if is_signed(entity):
        raise MessageRefused("the mail is signed already")
    if mime.media_type(entity) in SEALED_TYPES:
        raise MessageRefused(f"the mail is enciphered already: it is {what} before that")


def _signed(content: bytes, signer: cms.Signer, when: datetime, opaque: bool) -> bytes:
    """The MIME entity with *content* and its signature."""
    try:
        made = cms.signed_data(content, signer, when=when, capabilities=True, detached=not opaque)
    except CryptoError as error:
        raise MessageRefused(f"the mail cannot be signed: {error}") from None
    if opaque:
        return _pkcs7("signed-data", "smime.p7m", made)
    boundary = f"=_{sha256(content + made).hexdigest()[:40]}".encode()
    head = (
        b'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n'
        b' micalg=sha-256; boundary="' + boundary + b'"\r\n\r\n'
    )
    signature = _pkcs7("", "smime.p7s", made, media="application/pkcs7-signature")
    between = b"\r\n--" + boundary
    return head + between[2:] + LINE + content + between + LINE + signature + between + b"--\r\n"


def _pkcs7(kind: str, name: str, der: bytes, *, media: str = "application/pkcs7-mime") -> bytes:
    parameter = f" smime-type={kind};" if kind else ""
    head = (
        f"Content-Type: {media};{parameter} name={name}\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment; filename={name}\r\n\r\n"
    )
    return head.encode() + base64.encodebytes(der).replace(b"\n", LINE)


def _under(fields: Iterable[HeaderField], entity: bytes) -> bytes:
    """A whole mail: the headers of its writer, and the MIME entity."""
    lines = b"".join(one.line for one in fields)
    return lines + b"MIME-Version: 1.0\r\n" + entity
