"""SignedData read: ours and other programs', with the content in it or apart from it."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from bifente.crypto.cms.certificates import identifies, loaded
from bifente.crypto.cms.contentinfo import UNDECODABLE, content_of
from bifente.crypto.errors import CryptoError

_HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
"""The digests of a signature that is believed; SHA-1 is not among them."""


@dataclass(frozen=True, slots=True)
class VerifiedContent:
    """A content whose one signature holds under :attr:`certificate`; whether that is to be believed, the chain tells."""

    content: bytes
    certificate: bytes
    """The signer's, DER."""
    chain: tuple[bytes, ...]
    """The other certificates that came along, DER, in the order of the message."""
    signed_at: datetime | None = None
    """When the signer says that it was signed: nobody else vouches for it."""


def read_signed_data(der: bytes, *, known: Sequence[bytes] = ()) -> VerifiedContent:
    """The content of a SignedData with one signer, once its signature is verified; ours or another program's.

    RSA PKCS #1 v1.5 with SHA-256, SHA-384 or SHA-512, over signed attributes; the signer's certificate must be in the
    message or among those *known* (DER). Raises CryptoError.
    """
    try:
        return _read_signed(der, None, known)
    except CryptoError:
        raise
    except UNDECODABLE:
        raise CryptoError("not a CMS SignedData, or not a whole one") from None


def verify_detached(der: bytes, content: bytes, *, known: Sequence[bytes] = ()) -> VerifiedContent:
    """As :func:`read_signed_data` for a SignedData apart from its *content*. Raises CryptoError."""
    try:
        return _read_signed(der, content, known)
    except CryptoError:
        raise
    except UNDECODABLE:
        raise CryptoError("not a CMS SignedData, or not a whole one") from None


def _read_signed(der: bytes, apart: bytes | None, known: Sequence[bytes]) -> VerifiedContent:
    _, signed = content_of(der, "a CMS SignedData", "signed_data")
    inside = signed["encap_content_info"]["content"].native
    if apart is not None and inside is not None:
        raise CryptoError("the signature brings a content of its own, beside the one that it should sign")
    content = inside if apart is None else apart
    if not isinstance(content, bytes):
        raise CryptoError("the SignedData does not hold what was signed")
    if len(signed["signer_infos"]) != 1:
        raise CryptoError(f"{len(signed['signer_infos'])} signers, one is expected")
    info = signed["signer_infos"][0]
    enclosed = [choice.chosen.dump() for choice in signed["certificates"] if choice.name == "certificate"]
    signer = next((one for one in (*enclosed, *known) if identifies(info["sid"], one)), None)
    if signer is None:
        raise CryptoError("the signer's certificate is not in the message")
    algorithm = _HASHES.get(info["digest_algorithm"]["algorithm"].native)
    kind = info["signature_algorithm"].signature_algo
    if algorithm is None or kind != "rsassa_pkcs1v15":
        raise CryptoError(
            f"signed with {info['digest_algorithm']['algorithm'].native} and {kind}: RSA PKCS #1 v1.5 with "
            "SHA-256 or longer is expected"
        )
    if not len(info["signed_attrs"]):
        # else the attributes of one message could be given for the content of another
        raise CryptoError("the signature is over the content alone: signed attributes are expected")
    found = _attributes(info["signed_attrs"])
    _check_attributes(found, _digest(algorithm, content), signer)
    # the signature is over a SET, not over the [0] in its place (RFC 5652 §5.4)
    signed_bytes = info["signed_attrs"].untag().dump()
    key = loaded(signer).public_key()
    if not isinstance(key, RSAPublicKey):
        raise CryptoError("the signer's certificate has no RSA key")
    try:
        key.verify(info["signature"].native, signed_bytes, padding.PKCS1v15(), algorithm())
    except InvalidSignature:
        raise CryptoError("the signature does not hold") from None
    others = tuple(one for one in enclosed if one is not signer)
    return VerifiedContent(content, signer, others, _signing_time(found))


def _attributes(attributes: Any) -> dict[str, list[Any]]:
    """The values of the signed attributes by their names. Raises CryptoError for one that stands twice."""
    found: dict[str, list[Any]] = {}
    for attribute in attributes:
        name = attribute["type"].native
        if name in found:
            raise CryptoError(f"the signed attribute {name} stands twice")
        found[name] = list(attribute["values"])
    return found


def _check_attributes(found: dict[str, list[Any]], digest: bytes, signer: bytes) -> None:
    """contentType and messageDigest must be there once; signingCertificateV2, if there, must name the signer."""
    from asn1crypto import tsp

    if [value.native for value in found.get("content_type", [])] != ["data"]:
        raise CryptoError("the signed attributes do not say that the content is data")
    digests = [value.native for value in found.get("message_digest", [])]
    if len(digests) != 1 or not hmac.compare_digest(digests[0], digest):
        raise CryptoError("the content is not the one that was signed")
    for value in found.get("signing_certificate_v2", []):
        identifier = tsp.SigningCertificateV2.load(value.dump())["certs"][0]
        name = identifier["hash_algorithm"]["algorithm"].native
        if name not in _HASHES:
            raise CryptoError(f"the signer's certificate is named by {name}")
        if not hmac.compare_digest(identifier["cert_hash"].native, _digest(_HASHES[name], signer)):
            raise CryptoError("the signature names another certificate than the signer's")


def _signing_time(found: dict[str, list[Any]]) -> datetime | None:
    values = [value.native for value in found.get("signing_time", [])]
    if not values:
        return None
    if len(values) != 1 or not isinstance(values[0], datetime):
        raise CryptoError("the time of the signature cannot be read")
    return values[0]


def _digest(algorithm: type[hashes.HashAlgorithm], content: bytes) -> bytes:
    digest = hashes.Hash(algorithm())
    digest.update(content)
    return digest.finalize()
