"""The Cryptographic Message Syntax (RFC 5652), the one of the house: sheets, lots, letters and mails go through it.

SignedData by any signer, EnvelopedData and AuthEnvelopedData for any number of recipients. Nothing here says whom to trust:
the chain of a signer's certificate is the caller's to verify.
"""

from bifente.crypto.cms.certificates import issuer_and_serial
from bifente.crypto.cms.enveloping import (
    CipherName,
    Decipher,
    EnvelopeFacts,
    NotARecipient,
    OldCipher,
    envelop,
    envelope_facts,
    open_enveloped,
)
from bifente.crypto.cms.signing import (
    KeySigner,
    SignedData,
    Signer,
    assemble,
    parse,
    signed_attributes,
    signed_data,
)
from bifente.crypto.cms.verifying import VerifiedContent, read_signed_data, verify_detached

__all__ = [
    "CipherName",
    "Decipher",
    "EnvelopeFacts",
    "KeySigner",
    "NotARecipient",
    "OldCipher",
    "SignedData",
    "Signer",
    "VerifiedContent",
    "assemble",
    "envelop",
    "envelope_facts",
    "issuer_and_serial",
    "open_enveloped",
    "parse",
    "read_signed_data",
    "signed_attributes",
    "signed_data",
    "verify_detached",
]
