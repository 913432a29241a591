"""One key of an authority, with its certificate: what signs certificates, lists and answers about their state."""

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from bifente.igc.names import AnyGamme


@dataclass(frozen=True, slots=True)
class IssuingKey:
    """One key of an authority: of a root, or of an issuing authority below it. ``name`` is that of its files.

    An authority whose key was rolled over has several, of one subject: the ``generation`` numbers them from 1.
    """

    name: str
    gamme: AnyGamme
    generation: int
    root: bool
    certificate: x509.Certificate

    @property
    def public_key(self) -> RSAPublicKey:
        """The public half."""
        key = self.certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise TypeError(f"{self.name} is not an RSA key")
        return key

    @property
    def key_identifier(self) -> bytes:
        """The subject key identifier, by which a certificate names the key that issued it."""
        return self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest

    def issued(self, certificate: x509.Certificate) -> bool:
        """Whether *certificate* names this key as that of its issuer; its signature is not looked at."""
        if certificate.issuer != self.certificate.subject:
            return False
        try:
            named = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        except (x509.ExtensionNotFound, ValueError):
            return self.generation == 1
        return named.key_identifier in (None, self.key_identifier)
