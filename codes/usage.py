"""What the two X.509 certificates of a professional's card are for."""

from enum import Enum


class CertificateUsage(Enum):
    """The certificate's key signs documents for its holder, or proves who the holder is."""

    SIGNATURE = "signature"
    AUTHENTICATION = "authentication"
