"""Where a certificate says that its state can be learned."""

from collections.abc import Iterator

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

_UNREADABLE = (ValueError, TypeError, x509.ExtensionNotFound, x509.DuplicateExtension)


def list_uris(certificate: x509.Certificate) -> Iterator[str]:
    """Its distribution points for revocation lists."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except _UNREADABLE:
        return
    yield from _uris(points)


def freshest_uris(certificate: x509.Certificate) -> Iterator[str]:
    """Its distribution points for delta lists."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.FreshestCRL).value
    except _UNREADABLE:
        return
    yield from _uris(points)


def responder_uris(certificate: x509.Certificate) -> Iterator[str]:
    """The OCSP responders that it names."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except _UNREADABLE:
        return
    for one in access:
        if one.access_method == AuthorityInformationAccessOID.OCSP and isinstance(
            one.access_location, x509.UniformResourceIdentifier
        ):
            yield one.access_location.value


def _uris(points: x509.CRLDistributionPoints | x509.FreshestCRL) -> Iterator[str]:
    for point in points:
        for name in point.full_name or ():
            if isinstance(name, x509.UniformResourceIdentifier):
                yield name.value
