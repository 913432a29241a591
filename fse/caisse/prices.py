"""The tariff as a caisse asks it: what it would pay of a sheet, to compare with what is asked."""

from bifente.fse.caisse.judgement import Money, Recomputed
from bifente.fse.sheet.model import CareSheet
from bifente.fse.tariff.errors import TariffError, UnknownAct
from bifente.fse.tariff.liquidation import deductions
from bifente.fse.tariff.pricing import price
from bifente.fse.tariff.sheetfacts import facts_of, unknown_acts
from bifente.fse.tariff.tables import Tables


class TariffPricer:
    """Prices sheets by *tables*. What was kept back of a patient before is not asked: the caps of a year are not looked at."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def __call__(self, sheet: CareSheet) -> Recomputed:
        """What the tariff makes of *sheet*; acts that it does not know are named."""
        try:
            facts = facts_of(sheet, self._tables)
            amounts = price(facts, self._tables)
            kept = deductions(facts, amounts, self._tables)
        except UnknownAct:
            return Recomputed(Money(0, 0), unknown=unknown_acts(sheet, self._tables) or ("?",))
        except TariffError as error:
            return Recomputed(Money(0, 0), unknown=(str(error),))
        return Recomputed(
            Money(sheet.total, sum(one.amo for one in amounts), sum(one.amc for one in amounts)),
            participation=sum(one.amount for one in kept if one.code == "PF"),
            franchise=sum(one.amount for one in kept if one.code == "FR"),
        )
