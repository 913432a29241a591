"""Messages of strangers, taken apart by asn1crypto, which is imported only when there is one."""

from typing import Any, Final

from bifente.crypto.errors import CryptoError

UNDECODABLE: Final = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""What asn1crypto raises of bytes that do not fit: it decodes each part when that is asked for."""


def content_of(der: bytes, what: str, *kinds: str) -> tuple[str, Any]:
    """Kind and content of a ContentInfo of one of the *kinds*, which *what* names for people. Raises CryptoError."""
    # read only where a message is, for it takes longer to import than to sign; tsp registers signingCertificateV2
    from asn1crypto import cms, tsp  # noqa: F401

    info = cms.ContentInfo.load(der, strict=True)
    kind = str(info["content_type"].native)
    if kind not in kinds:
        raise CryptoError(f"not {what} but {kind.replace('_', ' ')}")
    return kind, info["content"]
