"""The dispatch table: one instruction is its code, its request and what it does."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from bifente.apdu.command import CommandAPDU
from bifente.slotted import dataclass

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Instruction(Generic[R]):
    """One command of a card.

    ``request`` reads a command into its meaning and makes all refusals of P1, P2, Lc and Le; ``run`` acts on the
    meaning and returns the response data. Both refuse by CardError. Whenever the command is refused, be it for its class
    byte, its chain, its lengths or by these two, ``refused`` is told, for what a refusal takes from the card.
    """

    ins: int
    name: str
    request: Callable[[CommandAPDU], R]
    run: Callable[["SmartCard", R], bytes]
    chainable: bool = False
    """The data field may come in several commands (ISO/IEC 7816-4:2020 §5.3.3)."""
    refused: Callable[["SmartCard"], None] | None = None
    anywhere: bool = False
    """It is done in a directory too that is deactivated or terminated (ISO/IEC 7816-9:2017 §7)."""


Table = Mapping[int, Instruction[Any]]


class Listed:
    """The instructions of a table, for a sentence."""

    __slots__ = ("_table",)

    def __init__(self, instructions: Table) -> None:
        self._table = instructions

    def __str__(self) -> str:
        return ", ".join(f"{ins:02X} {each.name}" for ins, each in sorted(self._table.items()))


def table(instructions: Iterable[Instruction[Any]]) -> Table:
    """A dispatch table. ValueError when two instructions share a code."""
    made: dict[int, Instruction[Any]] = {}
    for instruction in instructions:
        if instruction.ins in made:
            raise ValueError(f"two instructions {instruction.ins:02X}")
        made[instruction.ins] = instruction
    return made
