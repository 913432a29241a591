"""Access rules: small objects that decide, print themselves and encode themselves into an FCP.

The security condition byte is that of ISO/IEC 7816-4:2020 §9.3.3.2 in the form IAS-ECC gives it (see
``bifente.apdu.files.security``).
"""

from abc import ABC, abstractmethod
from collections.abc import Set as AbstractSet
from typing import Protocol

from bifente.apdu.cvc import Cha, ChaPattern
from bifente.apdu.files.security import ALWAYS as ALWAYS_SCB
from bifente.apdu.files.security import NEVER as NEVER_SCB
from bifente.apdu.files.security import Scb
from bifente.slotted import dataclass


class SecurityStatus(Protocol):
    """What has been proven to a card since its last reset."""

    @property
    def verified(self) -> AbstractSet[int]:
        """References of the PINs that are verified."""

    @property
    def role(self) -> Cha | None:
        """The holder authorisation of the card that has authenticated itself."""

    @property
    def messaging(self) -> int | None:
        """The key set under whose session keys the command has come, None for a plain command."""


class Rule(ABC):
    """When an operation is allowed."""

    __slots__ = ()

    @abstractmethod
    def allows(self, status: SecurityStatus) -> bool:
        """True when *status* satisfies the rule."""

    @property
    @abstractmethod
    def scb(self) -> Scb:
        """The security condition byte that announces the rule. ValueError when none can."""


@dataclass(frozen=True, slots=True)
class Always(Rule):
    """No condition."""

    def allows(self, status: SecurityStatus) -> bool:
        return True

    @property
    def scb(self) -> Scb:
        return ALWAYS_SCB

    def __str__(self) -> str:
        return "always"


@dataclass(frozen=True, slots=True)
class Never(Rule):
    """Forbidden to everybody."""

    def allows(self, status: SecurityStatus) -> bool:
        return False

    @property
    def scb(self) -> Scb:
        return NEVER_SCB

    def __str__(self) -> str:
        return "never"


@dataclass(frozen=True, slots=True)
class Pin(Rule):
    """PIN *reference* is verified; SE#*environment* names it."""

    reference: int
    environment: int = 3

    def allows(self, status: SecurityStatus) -> bool:
        return self.reference in status.verified

    @property
    def scb(self) -> Scb:
        return Scb.build(user_authentication=True, environment=self.environment)

    def __str__(self) -> str:
        return f"pin({self.reference:02X})"


@dataclass(frozen=True, slots=True)
class Auth(Rule):
    """A card whose authorisation matches one of *patterns* has authenticated itself; SE#*environment* lists them."""

    environment: int
    patterns: tuple[ChaPattern, ...]
    name: str

    def allows(self, status: SecurityStatus) -> bool:
        role = status.role
        return role is not None and any(pattern.matches(role) for pattern in self.patterns)

    @property
    def scb(self) -> Scb:
        return Scb.build(external_authentication=True, environment=self.environment)

    def __str__(self) -> str:
        return f"auth({self.name})"


@dataclass(frozen=True, slots=True)
class SecureMessagingRule(Rule):
    """The command comes under secure messaging with the key set *keyset*, which SE#*environment* names.

    The issuer's keys of the deployed cards are not public: those of ours are synthetic.
    """

    environment: int
    keyset: int

    def allows(self, status: SecurityStatus) -> bool:
        return status.messaging == self.keyset

    @property
    def scb(self) -> Scb:
        return Scb.build(secure_messaging=True, environment=self.environment)

    def __str__(self) -> str:
        return f"sm(SE#{self.environment})"


ALWAYS = Always()
NEVER = Never()
