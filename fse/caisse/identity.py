"""Who a caisse is, and how it decides."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from bifente.crypto.cms import Signer
from bifente.fse.caisse.rules import CaisseRules


@dataclass(frozen=True, slots=True)
class CaisseIdentity:
    """Who the caisse is: its name, whom it serves (régime and caisse in five digits, or the number of a complementary insurer), its
    mail address, its key and certificate (DER), and who signs for it."""

    name: str
    organismes: frozenset[str]
    address: str
    key: RSAPrivateKey
    certificate: bytes
    signer: Signer

    @property
    def code(self) -> str:
        """Régime and caisse that its certificate names, which its ARL name too: the beginning of its address."""
        return self.address[:5]


@dataclass(frozen=True, slots=True)
class CaissePolicy:
    """How it decides: working days from reception to settlement, delegates, rules of misbehaviour."""

    settle_after: int = 2
    delegates: frozenset[tuple[str, str]] = frozenset()
    rules: CaisseRules = field(default_factory=CaisseRules)
