"""The state of certificates: revocation lists and the OCSP responder of an authority, published over HTTP on loopback."""

from bifente.igc.status.lists import RevocationLists
from bifente.igc.status.publisher import AuthoritySite, PublishedAuthority, published
from bifente.igc.status.responder import OcspResponder

__all__ = ["AuthoritySite", "OcspResponder", "PublishedAuthority", "RevocationLists", "published"]
