"""Acts in words at the prices of the tariff, for the sheets that the calls of invoicing make."""

from collections.abc import Sequence
from datetime import date

from bifente.fse.errors import FseError
from bifente.fse.sheet.acts import NO_THIRD_PARTY, Act
from bifente.fse.sheet.model import BillingSituation
from bifente.fse.sheet.rights import Rights
from bifente.fse.tariff.tables import Tables
from bifente.sesam.errors import SesamError
from bifente.workbench.errors import WorkbenchError
from bifente.workbench.sheets.pricing import price_acts
from bifente.workbench.sheets.written import WrittenSheet


class TariffPricing:
    """Prices by *tables*."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def __call__(
        self, words: Sequence[str], day: date, situation: BillingSituation, rights: Rights
    ) -> Sequence[Act]:
        """The acts with their prices on *day*. Raises SesamError."""
        try:
            written = WrittenSheet().with_acts(tuple(words))
            return price_acts(written, day, situation, rights, NO_THIRD_PARTY, self._tables).acts
        except (WorkbenchError, FseError) as error:
            raise SesamError(str(error)) from error
