"""Where the state of a certificate is learned: an authority's register, lists in files, lists and responders over HTTP.

An answer is believed only when its signature is the issuer's and its dates hold. What is fetched comes from addresses that
stand in a certificate whose chain was verified before: nobody else chooses them; over HTTP only, without redirection.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    OpenerDirector,
    Request,
)

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ReasonFlags, ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from bifente.igc.errors import IgcError
from bifente.igc.status.addresses import freshest_uris, list_uris, responder_uris
from bifente.igc.statussource import CertificateStatus, RevocationState, unknown

if TYPE_CHECKING:
    from bifente.igc.authority import Authority

Fetch = Callable[[str, bytes | None], bytes]
"""Gets what is at an address, or what is answered there to a body that is posted. Raises OSError, ValueError."""

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far another machine's clock may be ahead of ours."""
SECONDS: Final = 5.0
"""How long a server may take."""
_LONGEST: Final = 8 << 20
_BAD: Final = (ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound, x509.DuplicateExtension)


def fetch(url: str, body: bytes | None = None) -> bytes:
    """What is at an address of HTTP, or what it answers to a request for OCSP. Raises OSError, ValueError."""
    if urlsplit(url).scheme != "http":
        raise ValueError(f"{url[:80]} is not an address of HTTP")
    if (urlsplit(url).hostname or "").endswith(".invalid"):
        raise OSError(f"{url}: a host that no network has (RFC 2606)")
    opener = OpenerDirector()
    for handler in (HTTPHandler(), HTTPDefaultErrorHandler(), HTTPErrorProcessor()):
        opener.add_handler(handler)
    request = Request(url, body, {"Content-Type": "application/ocsp-request"} if body is not None else {})  # noqa: S310 - HTTP, see above
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            content = bytes(answer.read(_LONGEST + 1))
    except URLError as error:
        if callable(close := getattr(error, "close", None)):
            close()
        raise OSError(f"{url}: {getattr(error, 'reason', error)}") from None
    if len(content) > _LONGEST:
        raise ValueError(f"{url}: more than {_LONGEST >> 20} MB")
    return content


class RegisterStatus:
    """The register of an authority that is at hand: no network, nothing signed, nothing cached."""

    def __init__(self, authority: "Authority") -> None:
        self._authority = authority

    def status(
        self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
    ) -> CertificateStatus:
        """As the register has it."""
        try:
            key = self._authority.issuer_of(certificate)
            if key is None or key.certificate != issuer:
                return unknown("another authority issued it")
            found = self._authority.state_of(certificate)
        except (IgcError, OSError) as error:
            return unknown(str(error))
        source = f"register of {self._authority.directory.name}"
        if found is None:
            # before there was a register, only what was revoked since is known
            if self._authority.description.format > 1:
                return unknown(f"it is not in the register of {self._authority.directory}")
            return CertificateStatus(RevocationState.GOOD, source)
        if found.revoked is None:
            return CertificateStatus(RevocationState.GOOD, source)
        return CertificateStatus(RevocationState.REVOKED, source, found.revoked, found.reason)


class ListStatus:
    """Revocation lists that are given, DER: those of files."""

    def __init__(self, lists: Iterable[bytes]) -> None:
        self._lists = tuple(lists)

    def status(
        self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
    ) -> CertificateStatus:
        """As the newest of the issuer's lists has it."""
        return by_lists(self._lists, certificate, issuer, now, "the given lists")


class PublishedLists:
    """The lists at the distribution points of a certificate, with their delta lists; kept until their next update."""

    def __init__(self, get: Fetch = fetch) -> None:
        self._get = get
        self._kept: dict[str, tuple[bytes, datetime]] = {}
        self._guard = threading.Lock()

    def status(
        self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
    ) -> CertificateStatus:
        """As the lists have it."""
        urls = _http(list_uris(certificate))
        if not urls:
            return unknown("it names no revocation list that can be had by HTTP")
        lists, why = [], ""
        for url in urls:
            try:
                lists.append(self._list(url, now))
                break
            except (OSError, *_BAD) as error:
                why = f"the revocation list cannot be had: {error}"
        if not lists:
            return unknown(why)
        for url in _http(freshest_uris(certificate)):
            try:
                lists.append(self._list(url, now))
            except (OSError, *_BAD):
                continue  # a complete list that holds is enough
        return by_lists(lists, certificate, issuer, now, urls[0])

    def _list(self, url: str, now: datetime) -> bytes:
        with self._guard:
            kept = self._kept.get(url)
        if kept is not None and now < kept[1]:
            return kept[0]
        content = self._get(url, None)
        following = x509.load_der_x509_crl(content).next_update_utc
        with self._guard:
            self._kept[url] = content, following or now
        return content


class PublishedOcsp:
    """The responder that a certificate names; its answers are kept until their next update."""

    def __init__(self, get: Fetch = fetch) -> None:
        self._get = get
        self._kept: dict[tuple[bytes, int], CertificateStatus] = {}
        self._guard = threading.Lock()

    def status(
        self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
    ) -> CertificateStatus:
        """As the responder says."""
        name = (issuer.subject.public_bytes() + issuer.public_bytes(Encoding.DER), certificate.serial_number)
        with self._guard:
            kept = self._kept.get(name)
        if kept is not None and kept.until is not None and now < kept.until:
            return kept
        url = next(iter(_http(responder_uris(certificate))), None)
        if url is None:
            return unknown("it names no OCSP responder")
        builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, SHA1())  # noqa: S303 - RFC 5019 §2.1.1
        try:
            answer = ocsp.load_der_ocsp_response(self._get(url, builder.build().public_bytes(Encoding.DER)))
            found = _answered(answer, certificate, issuer, now, url)
        except OSError as error:
            return unknown(f"the OCSP responder is silent: {error}")
        except _BAD as error:
            return unknown(f"{url}: not an answer of OCSP: {error}")
        if found.state is not RevocationState.UNKNOWN:
            with self._guard:
                self._kept[name] = found
        return found


def by_lists(
    lists: Sequence[bytes],
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    now: datetime,
    source: str,
) -> CertificateStatus:
    """What complete and delta lists of *issuer* say together of a certificate (RFC 5280 §5.2.4)."""
    complete: list[x509.CertificateRevocationList] = []
    deltas: list[x509.CertificateRevocationList] = []
    why = f"no list of its issuer among {source}"
    for der in lists:
        try:
            found = x509.load_der_x509_crl(der)
            wrong = _wrong_list(found, issuer, now)
            if wrong is None:
                (deltas if _base(found) is not None else complete).append(found)
            else:
                why = f"{source}: {wrong}"
        except _BAD as error:
            why = f"{source}: not a revocation list: {str(error).splitlines()[0]}"
    if not complete:
        return unknown(why)
    newest = max(complete, key=_number)
    entry = newest.get_revoked_certificate_by_serial_number(certificate.serial_number)
    until = newest.next_update_utc
    for delta in sorted(deltas, key=_number):
        if (_base(delta) or 0) <= _number(newest) < _number(delta):
            changed = delta.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if changed is not None:
                entry = None if _entry_reason(changed) is ReasonFlags.remove_from_crl else changed
    told = f"revocation list {_number(newest)}, {source}"
    if entry is None:
        return CertificateStatus(RevocationState.GOOD, told, until=until)
    return CertificateStatus(
        RevocationState.REVOKED, told, entry.revocation_date_utc, _entry_reason(entry), until=until
    )


def _wrong_list(found: x509.CertificateRevocationList, issuer: x509.Certificate, now: datetime) -> str | None:
    key = issuer.public_key()
    if found.issuer != issuer.subject:
        return "a list of another authority"
    if not isinstance(key, RSAPublicKey) or not found.is_signature_valid(key):
        return "a list that its issuer has not signed"
    return _wrong_time("the list", found.last_update_utc, found.next_update_utc, now)


def _wrong_time(what: str, this: datetime, following: datetime | None, now: datetime) -> str | None:
    if this > now + CLOCK_SKEW:
        return f"{what} is of {this:%Y-%m-%d %H:%M:%S} UTC, the clock here says {now:%Y-%m-%d %H:%M:%S}: one of them is wrong"
    if following is not None and following < now - CLOCK_SKEW:
        return f"{what} is too old: its next update was due on {following:%Y-%m-%d %H:%M:%S} UTC"
    return None


def _answered(
    answer: ocsp.OCSPResponse,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    now: datetime,
    url: str,
) -> CertificateStatus:
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return unknown(f"{url} answers {answer.response_status.name.lower().replace('_', ' ')}")
    if answer.serial_number != certificate.serial_number:
        return unknown(f"{url} answers about another certificate")
    if not _signed_by_issuer(answer, issuer, now):
        return unknown(f"{url}: the answer is not signed by the issuer, or by whom it named")
    wrong = _wrong_time("the answer", answer.this_update_utc, answer.next_update_utc, now)
    if wrong is not None:
        return unknown(f"{url}: {wrong}")
    until = answer.next_update_utc or now
    if answer.certificate_status is ocsp.OCSPCertStatus.GOOD:
        return CertificateStatus(RevocationState.GOOD, f"OCSP, {url}", until=until)
    if answer.certificate_status is ocsp.OCSPCertStatus.REVOKED:
        since, reason = answer.revocation_time_utc, answer.revocation_reason
        return CertificateStatus(RevocationState.REVOKED, f"OCSP, {url}", since, reason, until=until)
    return unknown(f"{url} does not know the certificate")


def _signed_by_issuer(answer: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> bool:
    """The issuer itself, or whom it has certified to answer for it (RFC 6960 §4.2.2.2)."""
    delegates = [one for one in answer.certificates if _may_answer(one, issuer, now)]
    for signer in (issuer, *delegates):
        key = signer.public_key()
        if isinstance(key, RSAPublicKey) and answer.signature_hash_algorithm is not None:
            try:
                key.verify(
                    answer.signature, answer.tbs_response_bytes, PKCS1v15(), answer.signature_hash_algorithm
                )
            except InvalidSignature:
                continue
            return True
    return False


def _may_answer(delegate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bool:
    try:
        delegate.verify_directly_issued_by(issuer)
        usage = delegate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (InvalidSignature, *_BAD):
        return False
    valid = delegate.not_valid_before_utc <= now <= delegate.not_valid_after_utc
    return valid and ExtendedKeyUsageOID.OCSP_SIGNING in usage


def _http(urls: Iterable[str]) -> list[str]:
    return [url for url in urls if url.startswith("http://")]


def _number(found: x509.CertificateRevocationList) -> int:
    try:
        return found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return 0


def _base(found: x509.CertificateRevocationList) -> int | None:
    try:
        return found.extensions.get_extension_for_class(x509.DeltaCRLIndicator).value.crl_number
    except x509.ExtensionNotFound:
        return None


def _entry_reason(entry: x509.RevokedCertificate) -> ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return None
