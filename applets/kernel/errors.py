"""How a handler refuses: it raises, and one edge makes the answer."""

from typing import TYPE_CHECKING

from bifente.apdu.status import SW

if TYPE_CHECKING:
    from bifente.apdu.refusal import Why


class CardError(Exception):
    """The command is refused with a status word; nothing was done. *why* stays beside the answer."""

    def __init__(self, sw: SW, why: "Why") -> None:
        super().__init__()
        self.sw = sw
        self.why = why

    def __str__(self) -> str:
        return f"{self.sw.value:04X}: {self.why}"


class CardWarning(Exception):
    """The command was done, with response data and a warning in the status word. *why* stays beside the answer."""

    def __init__(self, sw: SW, why: "Why", data: bytes = b"") -> None:
        super().__init__()
        self.sw = sw
        self.why = why
        self.data = data

    def __str__(self) -> str:
        return f"{self.sw.value:04X}: {self.why}"


class UnpoweredCard(Exception):
    """A command reached a card that has no supply: whoever holds it forgot ``power_on``."""

    def __init__(self) -> None:
        super().__init__("the card is not powered")


class CorruptCard(Exception):
    """A record of the card does not hold what its layout says."""

    kind: str = "card-file"
    hint = "restore the card from a copy, or create it again from its profile"

    def __init__(self, record: str, why: str) -> None:
        text = f"record {record} of the card: {why}"
        shown = text if text.isprintable() else ascii(text)[1:-1]
        super().__init__(shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…")
        self.record = record


class NoContactless(Exception):
    """A card without contactless interface was wanted there."""

    kind: str = "input.no-contactless"
    hint = "a CPS3 has one"

    def __init__(self, called: str) -> None:
        super().__init__(f"{called} has no contactless interface")


_LONGEST = 300
"""Characters of a line that may quote a record."""
