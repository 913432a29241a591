"""Secure mail with the CPS: messages signed by its signature key and opened by its authentication key.

S/MIME 4.0 (RFC 8551) with the algorithms of a CPS3: RSA 2048 with PKCS #1 v1.5 and SHA-256, AES in CBC or GCM mode. Headers
are protected as RFC 9788 says. No server and no file: mails are bytes, and who carries them is somebody else.
"""

from bifente.mail.addresses import addresses_in, addresses_of, check_address
from bifente.mail.cardkeys import CardDecipher, CardSigner
from bifente.mail.drafts import Attachment, Draft, compose
from bifente.mail.errors import (
    MessageRefused,
    NoCertificateForRecipient,
    NotDeciphered,
    NotEnciphered,
    NotForThisCard,
    NotSigned,
    SecureMailError,
    SignatureRefused,
    StillEnciphered,
)
from bifente.mail.opening import DecipheredMail, decrypt
from bifente.mail.recipients import ChosenRecipient, recipient_of
from bifente.mail.sealing import encrypt, sign
from bifente.mail.verifying import Addresses, Revoked, VerifiedMail, verify

__all__ = [
    "Addresses",
    "Attachment",
    "CardDecipher",
    "CardSigner",
    "ChosenRecipient",
    "DecipheredMail",
    "Draft",
    "MessageRefused",
    "NoCertificateForRecipient",
    "NotDeciphered",
    "NotEnciphered",
    "NotForThisCard",
    "NotSigned",
    "Revoked",
    "SecureMailError",
    "SignatureRefused",
    "StillEnciphered",
    "VerifiedMail",
    "addresses_in",
    "addresses_of",
    "check_address",
    "compose",
    "decrypt",
    "encrypt",
    "recipient_of",
    "sign",
    "verify",
]
