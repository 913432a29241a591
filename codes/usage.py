"""What the X.509 certificates of a professional's card are for."""

from enum import Enum


class CertificateUsage(Enum):
    """The certificate's key signs documents for its holder, proves who the holder is, or which card it is."""

    SIGNATURE = "signature"
    AUTHENTICATION = "authentication"
    TECHNICAL = "technical"
