"""The profile of the T=1 test card."""

from typing import Annotated, Literal

from bifente.applets.perso.profile.fields import Hexadecimal, at_most, matching
from bifente.applets.perso.profile.model import Profile
from bifente.layouts.cards.t1test import LARGE_SIZE
from bifente.layouts.codec import JsonValue


class T1TestProfile(Profile):
    """The synthetic T=1 card: one large file, by default two bytes of offset every two bytes."""

    kind: Literal["t1test"]
    serial: Annotated[str, matching(r"\d{8}", "8 digits")] | None = None
    content: Annotated[Hexadecimal, at_most(LARGE_SIZE)] | None = None
    """The beginning of the large file; zeros follow."""

    def contents(self) -> dict[str, JsonValue]:
        """The large file."""
        return {"LARGE": {"hex": self._large()}}

    def _large(self) -> str:
        if self.content is not None:
            return self.content.upper().ljust(2 * LARGE_SIZE, "0")
        return b"".join(at.to_bytes(2, "big") for at in range(0, LARGE_SIZE, 2)).hex().upper()
