"""The technical acknowledgement of a lot (*accusé de réception logique*, ARL), signed by the caisse.

**Synthetic**: the real layout is not public (``spec/fse.md`` §2.1). Ours is canonical JSON that says so itself (``bifente-arl/1``), in
a CMS SignedData. A positive ARL takes the lot in charge and is no promise to pay; a negative one, like silence, means: within two
working days, again. *En traitement caisse* is the intermediate return of a lot that waits to be priced again: it is not to be
sent again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography import x509

from bifente.crypto.cms import Signer, read_signed_data, signed_data
from bifente.crypto.errors import CryptoError
from bifente.documents import DocumentError, Fields, JsonValue, parse_json
from bifente.fse.returns.arlcodes import ARL_CODES, ArlReason, arl_reason
from bifente.fse.returns.errors import InvalidReturn, ReturnRefused
from bifente.igc import CertificateUsage, TrustStore, UntrustedCertificate, caisse_of

ARL_FORMAT: Final = "bifente-arl/1"
TREATMENT_FORMAT: Final = "bifente-traitement/1"
PROVENANCE: Final = "synthetic"
MAX_SIZE: Final = 1 << 16
"""Bytes of a signed return: what is longer is not read."""

_MOST_CODES: Final = 99
_LONGEST_LABEL: Final = 200


@dataclass(frozen=True, slots=True)
class ArlCode:
    """A code and its label: of :data:`~bifente.fse.returns.arlcodes.ARL_CODES`, or one that a caisse gives besides."""

    code: str
    label: str

    def __post_init__(self) -> None:
        if not (self.code.isascii() and self.code.isalnum() and len(self.code) <= 10):
            raise InvalidReturn(f"code: {self.code[:20]!r} is not one to ten letters and digits")
        if not (0 < len(self.label) <= _LONGEST_LABEL and self.label.isprintable()):
            raise InvalidReturn(
                f"label: {self.label[:40]!r} has not 1 to {_LONGEST_LABEL} printable characters"
            )

    @classmethod
    def of(cls, code: str) -> "ArlCode":
        """The code of the table, with its label in French. Raises InvalidReturn."""
        return cls(code, arl_reason(code).french)

    @property
    def reason(self) -> ArlReason | None:
        """What the table knows of the code."""
        return ARL_CODES.get(self.code)


@dataclass(frozen=True, slots=True)
class Arl:
    """Whether a lot was received, and if not, why.

    ``caisse`` is régime and caisse, five digits, and must be that of the certificate that signs; ``file_id`` is the six characters by
    which record 000 names the file; ``lot_digest`` is the SHA-256 of the signed lot as it came, in hexadecimal digits; ``issued``
    has a time zone.
    """

    file_id: str
    professional: str
    lot: int
    positive: bool
    codes: tuple[ArlCode, ...]
    lot_digest: str
    issued: datetime
    caisse: str

    def __post_init__(self) -> None:
        _check_about_a_lot(self)
        if not self.positive and not self.codes:
            raise InvalidReturn("codes: a negative ARL says why")
        contrary = [code.code for code in self.codes if code.reason and code.reason.positive != self.positive]
        if contrary:
            what = "positive" if self.positive else "negative"
            raise InvalidReturn(f"codes: {', '.join(contrary)} does not stand in a {what} ARL")


@dataclass(frozen=True, slots=True)
class LotTreatment:
    """*En traitement caisse*: the lot waits there; fields as those of :class:`Arl`."""

    file_id: str
    professional: str
    lot: int
    codes: tuple[ArlCode, ...]
    lot_digest: str
    issued: datetime
    caisse: str

    def __post_init__(self) -> None:
        _check_about_a_lot(self)


def write_arl(arl: Arl, signer: Signer) -> bytes:
    """The signed ARL (CMS, DER). Raises CryptoError, and what the signer raises."""
    return signed_data(_encode(ARL_FORMAT, arl, {"positive": arl.positive}), signer)


def write_treatment(treatment: LotTreatment, signer: Signer) -> bytes:
    """The signed intermediate return (CMS, DER). Raises CryptoError, and what the signer raises."""
    return signed_data(_encode(TREATMENT_FORMAT, treatment, {}), signer)


def read_arl(der: bytes, trust: TrustStore, *, at: datetime | None = None) -> Arl:
    """The ARL in *der*, once everything about its signature holds.

    The certificate must lead to a root of *trust* at the time *at*, by default the one at which the ARL says it was issued, and be that
    of the caisse that the ARL names. How old an ARL may be, and whether it is about a lot that was sent, is the caller's to judge.
    Raises ReturnRefused, InvalidReturn.
    """
    found = read_return(der, trust, at=at)
    if not isinstance(found, Arl):
        raise InvalidReturn("the return is not an ARL but says that the lot is in treatment")
    return found


def read_return(der: bytes, trust: TrustStore, *, at: datetime | None = None) -> Arl | LotTreatment:
    """The ARL or the intermediate return in *der*, as :func:`read_arl` reads it. Raises ReturnRefused, InvalidReturn."""
    if len(der) > MAX_SIZE:
        raise InvalidReturn(f"a signed return has at most {MAX_SIZE} bytes, not {len(der)}")
    try:
        verified = read_signed_data(der)
    except CryptoError as error:
        raise ReturnRefused(f"the signature of the return does not hold: {error}") from None
    found = _decode(verified.content)
    _check_signer(verified.certificate, verified.chain, trust, found, at or found.issued)
    return found


def _check_signer(
    certificate: bytes, chain: tuple[bytes, ...], trust: TrustStore, found: Arl | LotTreatment, at: datetime
) -> None:
    """Raise ReturnRefused unless the signer is the caisse that the return names, by a certificate that is trusted."""
    try:
        along = tuple(map(x509.load_der_x509_certificate, chain))
        store = TrustStore(trust.anchors, (*trust.intermediates, *along), trust.cv_roots)
        leaf = store.verify_certificate(certificate, at, CertificateUsage.SIGNATURE)
    except (UntrustedCertificate, ValueError) as error:
        raise ReturnRefused(f"who signed the return is not trusted: {str(error).splitlines()[0]}") from None
    signed_by = caisse_of(leaf)
    if signed_by is None:
        raise ReturnRefused("who signed the return is not a caisse")
    if "".join(signed_by) != found.caisse:
        raise ReturnRefused(f"caisse {''.join(signed_by)} signed the return of caisse {found.caisse}")


def _encode(form: str, about: Arl | LotTreatment, more: Mapping[str, JsonValue]) -> bytes:
    """Canonical JSON: sorted names, no white space, UTF-8."""
    value: dict[str, JsonValue] = {
        "format": form,
        "provenance": PROVENANCE,
        "caisse": about.caisse,
        "file_id": about.file_id,
        "professional": about.professional,
        "lot": about.lot,
        "codes": [{"code": one.code, "label": one.label} for one in about.codes],
        "lot_digest": about.lot_digest,
        "issued": f"{about.issued.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        **more,
    }
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def _decode(content: bytes) -> Arl | LotTreatment:
    """What *content* says, in exactly its canonical form. Raises InvalidReturn."""
    try:
        fields = Fields(parse_json(content, "return"), "return")
        form = fields.text("format")
        if form not in (ARL_FORMAT, TREATMENT_FORMAT) or fields.text("provenance") != PROVENANCE:
            fields.refuse(f"neither {ARL_FORMAT} nor {TREATMENT_FORMAT}, {PROVENANCE}", "format")
        codes = []
        for item in fields.objects("codes"):
            codes.append(ArlCode(item.text("code"), item.text("label")))
            item.end()
        file_id, professional = fields.text("file_id"), fields.text("professional")
        lot, caisse = fields.integer("lot"), fields.text("caisse")
        digest, issued = fields.text("lot_digest"), _time(fields.text("issued"))
        found: Arl | LotTreatment
        if form == ARL_FORMAT:
            positive = fields.truth("positive")
            found = Arl(file_id, professional, lot, positive, tuple(codes), digest, issued, caisse)
            again = _encode(form, found, {"positive": positive})
        else:
            found = LotTreatment(file_id, professional, lot, tuple(codes), digest, issued, caisse)
            again = _encode(form, found, {})
        fields.end()
    except DocumentError as error:
        raise InvalidReturn(str(error)) from None
    if again != content:
        raise InvalidReturn("the return is not in its canonical form")
    return found


def _time(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise InvalidReturn(f"issued: {text[:30]!r} is not a time AAAA-MM-JJThh:mm:ssZ") from None


def _check_about_a_lot(about: Arl | LotTreatment) -> None:
    for name, value, length in (
        ("professional", about.professional, 9),
        ("caisse", about.caisse, 5),
    ):
        if len(value) != length or not (value.isascii() and value.isdigit()):
            raise InvalidReturn(f"{name}: {value[:20]!r} is not {length} digits")
    if not (0 < len(about.file_id) <= 6 and about.file_id.isascii() and about.file_id.isalnum()):
        raise InvalidReturn(f"file_id: {about.file_id[:20]!r} is not one to six letters and digits")
    if isinstance(about.lot, bool) or not 0 <= about.lot <= 999:
        raise InvalidReturn(f"lot: {about.lot} is not from 0 to 999")
    if len(about.codes) > _MOST_CODES:
        raise InvalidReturn(f"codes: at most {_MOST_CODES}, not {len(about.codes)}")
    if len(about.lot_digest) != 64 or not set(about.lot_digest) <= set("0123456789abcdef"):
        raise InvalidReturn("lot_digest: 64 hexadecimal digits in small letters are needed (SHA-256)")
    if about.issued.tzinfo is None or about.issued.microsecond:
        raise InvalidReturn("issued: a time with its zone, in whole seconds, is needed")
