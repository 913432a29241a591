"""An OCSP responder (RFC 6960) for what an authority has issued: the register answers, the issuing key signs.

One key of the authority signs each answer, the one that issued the certificates asked about; so clients need no certificate
of a responder. A request about certificates of two keys is not answered (``unauthorized``): one signature could not speak
for both.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from asn1crypto import core, ocsp
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ReasonFlags

from bifente.crypto import rsa
from bifente.igc.crls import second
from bifente.igc.issuingkey import IssuingKey
from bifente.igc.register import IssuedCertificate

if TYPE_CHECKING:
    from bifente.igc.authority import Authority

VALID: Final = timedelta(hours=1)
"""How long an answer may be kept."""
MOST_BYTES: Final = 16_384
"""Of a request; one about one certificate has some hundred."""
_MOST_ASKED: Final = 64
_HASHES: Final = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}
_BAD: Final = (ValueError, TypeError, KeyError, OverflowError, RecursionError, AttributeError)
"""What asn1crypto raises of bytes that do not fit."""


class OcspResponder:
    """Answers requests about the certificates of *authority*. *clock* is the real one unless given."""

    def __init__(self, authority: "Authority", clock: Callable[[], datetime] | None = None) -> None:
        self._authority = authority
        self._clock = clock or (lambda: datetime.now(UTC))

    def answer(self, request: bytes) -> bytes:
        """The response (DER) to a request; to what is none, ``malformed_request``. Raises IgcError, OSError."""
        try:
            if len(request) > MOST_BYTES:
                return _refusal("malformed_request")
            asked = ocsp.OCSPRequest.load(request, strict=True)
            wanted = [one["req_cert"] for one in asked["tbs_request"]["request_list"]]
            nonce = asked.nonce_value.native if asked.nonce_value is not None else None
            serials = [int(one["serial_number"].native) for one in wanted]
            issuers = [self._key_of(one) for one in wanted]
        except _BAD:
            return _refusal("malformed_request")
        if not 1 <= len(wanted) <= _MOST_ASKED or (nonce is not None and not 1 <= len(nonce) <= 128):
            return _refusal("malformed_request")
        issuer = issuers[0]
        if issuer is None or any(one is not issuer for one in issuers):
            return _refusal("unauthorized")
        return self._signed(issuer, list(zip(wanted, serials, strict=True)), nonce)

    def _key_of(self, wanted: ocsp.CertId) -> IssuingKey | None:
        """The key that a request names by the hashes of its subject and its bits."""
        make = _HASHES.get(wanted["hash_algorithm"]["algorithm"].native)
        if make is None:
            return None
        name, key = wanted["issuer_name_hash"].native, wanted["issuer_key_hash"].native
        for one in self._authority.issuing_keys:
            subject = one.certificate.subject.public_bytes()
            if make(subject).digest() == name and make(_key_bits(one)).digest() == key:
                return one
        return None

    def _signed(
        self, issuer: IssuingKey, wanted: Sequence[tuple[ocsp.CertId, int]], nonce: bytes | None
    ) -> bytes:
        now = second(self._clock())
        with self._authority.register.reading() as register:
            found = [(one, register.get(issuer.name, serial)) for one, serial in wanted]
        # of what was issued before there was a register, only what was revoked since is known
        unknown = "unknown" if self._authority.description.format > 1 else "good"
        data = ocsp.ResponseData(
            {
                "responder_id": ocsp.ResponderId(
                    name="by_key", value=_HASHES["sha1"](_key_bits(issuer)).digest()
                ),
                "produced_at": now,
                "responses": [_single(one, state, unknown, now) for one, state in found],
            }
        )
        if nonce is not None:
            extension = {"extn_id": "nonce", "extn_value": core.OctetString(nonce)}
            data["response_extensions"] = ocsp.ResponseDataExtensions([extension])
        basic = ocsp.BasicOCSPResponse(
            {
                "tbs_response_data": data,
                "signature_algorithm": {"algorithm": "sha256_rsa"},
                "signature": rsa.sign_message(self._authority.private_key(issuer), data.dump()),
            }
        )
        response = {"response_type": "basic_ocsp_response", "response": basic}
        return bytes(ocsp.OCSPResponse({"response_status": "successful", "response_bytes": response}).dump())


def _key_bits(key: IssuingKey) -> bytes:
    """The public key without its algorithm: what OCSP hashes."""
    return key.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)


def _single(
    asked: ocsp.CertId, found: IssuedCertificate | None, unknown: str, now: datetime
) -> ocsp.SingleResponse:
    if found is None:
        status = ocsp.CertStatus(name=unknown, value=core.Null())
    elif found.revoked is None or found.revoked > now:
        status = ocsp.CertStatus(name="good", value=core.Null())
    else:
        revoked: dict[str, object] = {"revocation_time": found.revoked}
        if found.reason not in (None, ReasonFlags.unspecified):
            revoked["revocation_reason"] = _reason(found.reason)
        status = ocsp.CertStatus(name="revoked", value=ocsp.RevokedInfo(revoked))
    return ocsp.SingleResponse(
        {"cert_id": asked, "cert_status": status, "this_update": now, "next_update": now + VALID}
    )


_REASONS: Final = {
    ReasonFlags.key_compromise: "key_compromise",
    ReasonFlags.ca_compromise: "ca_compromise",
    ReasonFlags.affiliation_changed: "affiliation_changed",
    ReasonFlags.superseded: "superseded",
    ReasonFlags.cessation_of_operation: "cessation_of_operation",
    ReasonFlags.certificate_hold: "certificate_hold",
    ReasonFlags.privilege_withdrawn: "privilege_withdrawn",
}


def _reason(reason: ReasonFlags | None) -> str:
    return _REASONS[reason] if reason is not None else "unspecified"


def _refusal(why: str) -> bytes:
    return bytes(ocsp.OCSPResponse({"response_status": why}).dump())
