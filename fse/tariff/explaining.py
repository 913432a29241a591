"""Each amount in words: which rule, which row of which table with its source, which day."""

from dataclasses import dataclass

from bifente.fse.tariff.money import euros
from bifente.fse.tariff.rows import Origin


@dataclass(frozen=True, slots=True)
class PriceStep:
    """One step to a price: ``line`` counts the acts from 0 (None: the sheet), ``amount`` in cents, ``row`` its origin.

    ``doubtful``: public sources differ, or none says so.
    """

    line: int | None
    what: str
    amount: int | None
    words: str
    row: Origin | None = None
    doubtful: bool = False

    def __str__(self) -> str:
        amount = "" if self.amount is None else f" {euros(self.amount)}"
        mark = " [?]" if self.doubtful else ""
        row = "" if self.row is None else f"; {self.row}"
        return f"{self.what}{amount}{mark}: {self.words}{row}"


class Told:
    """Collects the steps of a price. Whoever wants the price alone passes none, and nothing is put into words."""

    __slots__ = ("line", "steps")

    def __init__(self) -> None:
        self.line: int | None = None
        self.steps: list[PriceStep] = []

    def add(
        self, what: str, amount: int | None, words: str, row: Origin | None = None, *, doubtful: bool = False
    ) -> None:
        """One step of the line at hand."""
        self.steps.append(
            PriceStep(self.line, what, amount, words, row, doubtful or (row is not None and row.doubtful))
        )
