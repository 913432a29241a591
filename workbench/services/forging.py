"""What attackers do to bytes: all of it works on what really travels, with what an attacker has."""

import base64
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Final

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from bifente.crypto import rsa
from bifente.crypto.cms import KeySigner, Signer, signed_data
from bifente.fse.lots.records import certification_zone
from bifente.fse.lots.signedlot import lot_content, manifest_of
from bifente.fse.lots.values import Invoice, Lot, LotFile

_RECORD: Final = 128
_ZONE: Final = 96
"""Where the zones de certification of records 5 and 6 begin."""


def self_made(genuine: bytes) -> KeySigner:
    """A certificate with every name of *genuine* (DER), its number and its extensions, and a key of the attacker's own."""
    like = x509.load_der_x509_certificate(genuine)
    key = rsa.generate()
    builder = (
        x509.CertificateBuilder()
        .subject_name(like.subject)
        .issuer_name(like.issuer)
        .serial_number(like.serial_number)
        .not_valid_before(like.not_valid_before_utc)
        .not_valid_after(like.not_valid_after_utc - timedelta(seconds=1))
        .public_key(key.public_key())
    )
    for extension in like.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    from cryptography.hazmat.primitives.serialization import Encoding

    return KeySigner(key, builder.sign(key, SHA256()).public_bytes(Encoding.DER))


def with_more_asked(b2: bytes, old: int, new: int, fees: int) -> bytes:
    """The records with *new* cents asked of the caisse wherever *old* are, and the patient's part of *fees* to match."""
    amounts = ((old, new, 7), (fees - old, fees - new, 8))

    def changed(record: bytes) -> bytes:
        end = _ZONE if record[:1] in (b"5", b"6") else _RECORD
        front = record[:end]
        for was, will, width in amounts:
            front = front.replace(b"%0*d" % (width, was), b"%0*d" % (width, will))
        return front + record[end:]

    return b"".join(changed(b2[at : at + _RECORD]) for at in range(0, len(b2), _RECORD))


def with_sheet_moved(own: Lot, file: LotFile, stolen: Invoice, signer: Signer) -> LotFile:
    """*file* with its one lot *own*, in which the *stolen* sheet stands for the attacker's; every digest and zone is made to fit."""
    (mine,) = own.invoices
    b2 = _with_zone(file.b2, mine.signed, stolen.signed)
    records = [b2[at : at + _RECORD] for at in range(_RECORD, len(b2) - _RECORD, _RECORD)]
    records[-1] = records[-1][:_ZONE] + b" " * (_RECORD - _ZONE)
    manifest = manifest_of(own, file.identification)
    entry = replace(manifest.invoices[0], digest=sha256(stolen.signed).hexdigest())
    forged = replace(manifest, records=sha256(b"".join(records)).hexdigest(), invoices=(entry,))
    signed = signed_data(lot_content(forged, [stolen.signed]), signer)
    return replace(file, b2=_with_zone(b2, file.signed_lots[0], signed), signed_lots=(signed,))


def _with_zone(b2: bytes, old: bytes, new: bytes) -> bytes:
    return b2.replace(certification_zone(old).encode(), certification_zone(new).encode())


def enveloped(mail: bytes) -> bytes:
    """The CMS EnvelopedData in a sealed mail: what anybody on its way can take from it."""
    return base64.b64decode(mail.partition(b"\r\n\r\n")[2])


def with_enveloped(mail: bytes, der: bytes) -> bytes:
    """The mail with another envelope in it."""
    head, between, _ = mail.partition(b"\r\n\r\n")
    return head + between + base64.encodebytes(der).replace(b"\n", b"\r\n")


def with_flipped_bit(der: bytes, at: int) -> bytes:
    """*der* with the lowest bit of the byte *at* the other way."""
    return der[:at] + bytes((der[at] ^ 1,)) + der[at + 1 :]


def readdressed(der: bytes, certificate: bytes) -> bytes:
    """The envelope with its enciphered key as it is, and the holder of *certificate* (DER) as the one it is for."""
    message = cms.ContentInfo.load(der)
    named = asn1_x509.Certificate.load(certificate)
    for recipient in message["content"]["recipient_infos"]:
        recipient.chosen["rid"] = cms.RecipientIdentifier(
            {
                "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                    {"issuer": named.issuer, "serial_number": named.serial_number}
                )
            }
        )
    return bytes(message.dump(force=True))


def with_message_id(mail: bytes, name: str) -> bytes:
    """The mail under another Message-ID: no signature covers the headers."""
    return re.sub(rb"(?m)^Message-ID: <[^>]*>", f"Message-ID: <{name}>".encode(), mail, count=1)


def found_in(data: bytes, words: Sequence[str]) -> list[str]:
    """Which of *words* stand in *data* as they are."""
    return [word for word in words if word.encode() in data]
