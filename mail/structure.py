"""How the layers of a mail are put into one another: what a signature covers, and what hides in it."""

from typing import Final

from bifente.crypto.cms.contentinfo import UNDECODABLE, content_of
from bifente.crypto.errors import CryptoError
from bifente.documents import mime
from bifente.documents.mime import MimeEntity, MimeError
from bifente.mail.errors import MessageRefused, NotSigned
from bifente.mail.sealing import SEALED_TYPES, SIGNATURE_TYPES, canonical

_DEEPEST: Final = 20
"""Multiparts within one another; mail programs make four or five."""


def signed_parts(entity: MimeEntity) -> tuple[bytes, bytes]:
    """What a ``multipart/signed`` signs, with canonical lines, and the signature (DER). Raises NotSigned, MessageRefused."""
    protocol = str(entity.headers.get_param("protocol") or "").lower()
    if protocol not in SIGNATURE_TYPES:
        raise MessageRefused(
            f"signed by the protocol {protocol[:60] or 'none'}: S/MIME is expected",
            hint="have the sender sign with S/MIME",
        )
    parts = mime.raw_parts(entity)
    if len(parts) == 1:
        raise NotSigned("the mail says that it is signed, and the signature was taken off")
    if len(parts) != 2:
        raise MessageRefused(f"a signed mail has two parts, not {len(parts)}: one was put into it")
    signature = mime.parse(parts[1])
    if mime.media_type(signature) not in SIGNATURE_TYPES:
        raise NotSigned(
            "the mail says that it is signed, and something else stands in the place of the signature"
        )
    return canonical(parts[0]), mime.content(signature)


def signed_payload(entity: MimeEntity) -> MimeEntity:
    """What a signed mail signs, clear or opaque, as an entity; the signature is not judged. Raises as :func:`signed_parts`."""
    if mime.media_type(entity) == "multipart/signed":
        return payload_entity(signed_parts(entity)[0])
    return payload_entity(opaque_content(mime.content(entity)))


def opaque_content(der: bytes) -> bytes:
    """The content of a SignedData that is not judged yet. Raises MessageRefused."""
    try:
        _, signed = content_of(der, "a CMS SignedData", "signed_data")
        found = signed["encap_content_info"]["content"].native
    except CryptoError as error:
        raise MessageRefused(f"the signed part is {error}") from None
    except UNDECODABLE:
        raise MessageRefused("the signed part is not a CMS SignedData, or not a whole one") from None
    if not isinstance(found, bytes):
        raise MessageRefused("the signed part does not hold what was signed")
    return found


def payload_entity(content: bytes) -> MimeEntity:
    """What was signed, as an entity: without headers it is plain text (RFC 2045 §5.2)."""
    try:
        return mime.parse(content)
    except MimeError:
        return mime.parse(b"Content-Type: text/plain\r\n\r\n" + content)


def refuse_hidden_layers(entity: MimeEntity, depth: int = 0) -> None:
    """Refuse a cipher or a signature of S/MIME further in; attached mails (message/rfc822) are documents, not layers.

    Raises MessageRefused.
    """
    kind = mime.media_type(entity)
    if kind in SEALED_TYPES:
        raise MessageRefused(
            "another enciphered or signed part hides within: who signs or enciphers outside may not be who wrote it",
            hint="have the sender sign first and encipher then, both around the whole mail",
        )
    if kind == "multipart/signed" and depth:
        raise MessageRefused("a part within is signed by itself: a signature is around the whole mail")
    if mime.is_multipart(entity):
        if depth == _DEEPEST:
            raise MessageRefused(f"parts within parts, more than {_DEEPEST} deep")
        for one in mime.raw_parts(entity):
            refuse_hidden_layers(payload_entity(one), depth + 1)
