"""What the tariff refuses."""

from bifente.fse.errors import FseError


class TariffError(FseError):
    """A table, an act or a case that cannot be priced; the message names it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UnknownAct(TariffError):
    """No row of the tables has the price of this act on this day for this speciality."""
