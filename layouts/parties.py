"""The two parties of a mutual recognition: whose card signs which token, and who certifies it.

A kind of card takes one part (:attr:`bifente.layouts.nodes.Layout.party`) or none; several generations may take the same.
"""

from collections.abc import Callable
from typing import Final

from bifente.layouts.recognition import DOMAIN_CPS, DOMAIN_VITALE, cps_token, vitale_token
from bifente.slotted import dataclass, field

Token = Callable[[bytes, bytes, bytes, bytes, bytes, bytes], bytes]
"""Own CHA, CHR and challenge, the other's CHR and challenge, digest of the own issuer's signature → what is signed."""


@dataclass(frozen=True, slots=True)
class Party:
    """One side of the recognition of ``bifente.layouts.recognition``."""

    name: str
    """Also that of the slot in which programs look for its card."""
    domain: int
    """The first byte of the authorisation (CHA) of its cards."""
    root: str
    """The letter by which its root of CV certificates is asked for: ``C`` or ``V``."""
    token: Token = field(repr=False)
    """What its card signs."""

    @property
    def peer(self) -> "Party":
        """The other party."""
        return VITALE if self is CPS else CPS


CPS: Final = Party("CPS", DOMAIN_CPS, "C", cps_token)
VITALE: Final = Party("Vitale", DOMAIN_VITALE, "V", vitale_token)
