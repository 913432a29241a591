"""What an authority has issued and revoked: one SQLite file in its folder, ``register.db``."""

from bifente.igc.register.store import Register, RegisterTransaction
from bifente.igc.register.values import CertificatePurpose, IssuedCertificate, OppositionEntry, Publication

__all__ = [
    "CertificatePurpose",
    "IssuedCertificate",
    "OppositionEntry",
    "Publication",
    "Register",
    "RegisterTransaction",
]
