"""Enciphered mails opened: one cipher around the whole mail, and nothing deciphered ever stands beside what was not.

Whoever changes mails on their way tries to have the deciphered text put together with text of his own (EFAIL, 2018). So an
enciphered part among others, a cipher within a signature and a cipher within a cipher are refused, each by its name.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bifente.crypto import cms
from bifente.crypto.errors import CryptoError
from bifente.documents import mime
from bifente.documents.mime import MimeEntity, MimeError
from bifente.mail.errors import MessageRefused, NotDeciphered, NotEnciphered, NotForThisCard
from bifente.mail.headers import HeaderField, check_outside, content_fields, is_protected, restored
from bifente.mail.sealing import SEALED_TYPES, SIGNATURE_TYPES, is_signed, smime_type
from bifente.mail.structure import refuse_hidden_layers, signed_payload


@dataclass(frozen=True, slots=True)
class DecipheredMail:
    """A mail as it was before it was enciphered, with its subject."""

    message: bytes
    cipher: str
    authenticated: bool
    """AES-GCM: no byte was changed on its way. Of AES-CBC only a signature within tells that."""
    signed: bool
    """Whether there is a signature within, not judged yet."""


def is_enciphered(entity: MimeEntity) -> bool:
    """Whether the whole mail is one enciphered part."""
    if mime.media_type(entity) not in SEALED_TYPES:
        return False
    return smime_type(entity) in ("enveloped-data", "authenveloped-data", "")


def decrypt(
    message: bytes, decipher: Callable[[bytes], bytes], certificate: bytes, *, legacy: bool = False
) -> DecipheredMail:
    """Open a mail with *decipher*, the key of *certificate* (DER); *legacy* reads Triple DES too.

    Raises MimeError, NotEnciphered, NotForThisCard, NotDeciphered, MessageRefused, and whatever *decipher* raises but
    CryptoError.
    """
    outer = mime.parse(message)
    if not is_enciphered(outer):
        raise _not_enciphered(outer)
    sealed = mime.content(outer)
    try:
        facts = cms.envelope_facts(sealed)
        inside = cms.open_enveloped(sealed, decipher, certificate, legacy=legacy)
    except cms.NotARecipient as error:
        raise NotForThisCard(str(error)) from None
    except cms.OldCipher as error:
        raise MessageRefused(str(error), hint="have the sender use AES") from None
    except CryptoError as error:
        raise NotDeciphered(str(error)) from None
    try:
        inner = mime.parse(inside)
    except MimeError:
        # of AES-CBC, a wrong key may end like a padding: it must not be told from any other failure
        raise NotDeciphered(
            "the message cannot be deciphered: it was changed on its way, or made with another key"
        ) from None
    if mime.media_type(inner) in SEALED_TYPES and not is_signed(inner):
        raise MessageRefused(
            "an enciphered mail within an enciphered mail", hint="have the sender encipher it once"
        )
    written = signed_payload(inner) if is_signed(inner) else inner
    refuse_hidden_layers(written)
    if is_protected(written):
        check_outside(outer, written, was_enciphered=True)
    whole = b"".join(one.line for one in (*restored(outer, written), HeaderField("MIME-Version", " 1.0")))
    head = b"".join(one.line for one in content_fields(inner))
    return DecipheredMail(
        whole + head + b"\r\n" + inner.body, facts.cipher, facts.authenticated, is_signed(inner)
    )


def _not_enciphered(outer: MimeEntity) -> NotEnciphered | MessageRefused:
    """Why a mail is not opened."""
    if is_signed(outer):
        return NotEnciphered("the mail is signed, and not enciphered")
    if mime.is_multipart(outer):
        kinds = [mime.media_type(one) for one in mime.parts(outer)]
        if any(kind in SEALED_TYPES for kind in kinds):
            return MessageRefused(
                "the enciphered part stands among others, which could draw out what is in it: it is not opened",
                hint="have the sender encipher the whole mail",
            )
        if any(kind in SIGNATURE_TYPES for kind in kinds):
            return NotEnciphered("the mail is signed, and not enciphered")
    return NotEnciphered("the mail is not enciphered")
