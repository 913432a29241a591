"""Which invoices share a lot, and which lots a file.

Lots are made of invoices of one professional in one *situation de facturation*, to one organisme destinataire, signed in
one way, of one version of the norm (``spec/fse.md`` §1.1: *critères de regroupement en lots*; the full list is not
public). One file goes to one grand régime and caisse. No limit of the norm fails: what does not fit begins a new lot or file.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from bifente.fse.lots.records import invoice_totals, rows_of
from bifente.fse.lots.values import (
    MAX_LOT,
    Invoice,
    Lot,
    LotError,
    Organisme,
    billing_number,
    dre_insurer,
    mode_of,
)


@dataclass(frozen=True, slots=True)
class LotLimits:
    """What a lot and a file hold at most.

    ``invoices`` (record 6, columns 11–13), ``lines`` (14–17) and ``cents`` (25–33) are what the fields of the *fin de lot*
    can say; ``records`` is the limit of a file with its head and its end at which a published generator of B2 files
    refuses (``spec/fse.md`` §1.1, CALEB); ``lots`` is what record 999 can say (83–85).
    """

    invoices: int = 999
    lines: int = 9999
    cents: int = 999_999_999
    records: int = 990
    lots: int = 999

    def __post_init__(self) -> None:
        for name, most in (("invoices", 999), ("lines", 9999), ("cents", 999_999_999), ("lots", 999)):
            if not 1 <= getattr(self, name) <= most:
                raise LotError(f"limit of {name}: 1 to {most}, not {getattr(self, name)}")
        if self.records < _ENDS + _LOT_ENDS + 3:
            raise LotError(f"limit of records: a file of one invoice has {_ENDS + _LOT_ENDS + 3} at least")


_ENDS = 2
"""Records 000 and 999 of a file."""

_LOT_ENDS = 2
"""Records 1 and 6 of a lot."""


def into_lots(
    invoices: Iterable[Invoice], numbers: Iterator[int], day: date, limits: LotLimits | None = None
) -> list[Lot]:
    """The lots of *invoices*, in the order of their keys and, within a lot, of their numbers.

    *numbers* gives each lot its number, *day* is their day of creation. Raises LotError for an invoice that is in no file
    whatever, because it alone passes a limit, and when *numbers* ends.
    """
    return _lots(invoices, _key, numbers, day, limits or LotLimits(), dre=False)


def into_dre_lots(
    invoices: Iterable[Invoice], numbers: Iterator[int], day: date, limits: LotLimits | None = None
) -> list[Lot]:
    """The DRE of those *invoices* that ask a complementary insurer by one: lots for it, beside those for the caisse.

    The layout of a DRE is not public: ours has the records of the invoice (synthetic). Raises as :func:`into_lots`.
    """
    asking = [invoice for invoice in invoices if dre_insurer(invoice.sheet)]
    return _lots(asking, _dre_key, numbers, day, limits or LotLimits(), dre=True)


_Key = tuple[str, int, Organisme, str, str]


def _lots(
    invoices: Iterable[Invoice],
    key: Callable[[Invoice], _Key],
    numbers: Iterator[int],
    day: date,
    limits: LotLimits,
    *,
    dre: bool,
) -> list[Lot]:
    lots: list[Lot] = []
    for _, group in groupby(sorted(invoices, key=lambda one: (key(one), one.number)), key=key):
        for part in _parts(list(group), limits):
            first = part[0].sheet
            number = next(numbers, None)
            if number is None:
                raise LotError(f"there are more lots than the {len(lots)} numbers given")
            if not 1 <= number <= MAX_LOT:
                raise LotError(f"lot {number}: 1 to {MAX_LOT}")
            lots.append(
                Lot(
                    billing_number(first),
                    number,
                    Organisme.of(first),
                    mode_of(first),
                    day,
                    tuple(part),
                    dre_insurer(first) if dre else "",
                )
            )
    return lots


def into_files(lots: Sequence[Lot], limits: LotLimits | None = None) -> list[tuple[Lot, ...]]:
    """The files of *lots*: one receiver (caisse or complementary insurer) and one professional each, in the order of the lots."""
    limits = limits or LotLimits()
    files: list[tuple[Lot, ...]] = []
    kept = sorted(lots, key=lambda lot: (lot.receiver, lot.professional))
    for _, group in groupby(kept, key=lambda lot: (lot.receiver, lot.professional)):
        part: list[Lot] = []
        numbers: set[int] = set()
        records = _ENDS
        for lot in group:
            size = _LOT_ENDS + sum(rows_of(invoice) for invoice in lot.invoices)
            if part and (
                records + size > limits.records or len(part) == limits.lots or lot.number in numbers
            ):
                files.append(tuple(part))
                part, numbers, records = [], set(), _ENDS
            part.append(lot)
            numbers.add(lot.number)
            records += size
        files.append(tuple(part))
    return files


def _key(invoice: Invoice) -> _Key:
    sheet = invoice.sheet
    return billing_number(sheet), sheet.situation.number, Organisme.of(sheet), mode_of(sheet), ""


def _dre_key(invoice: Invoice) -> _Key:
    professional, situation, organisme, mode, _ = _key(invoice)
    return professional, situation, organisme, mode, dre_insurer(invoice.sheet)


def _parts(invoices: Sequence[Invoice], limits: LotLimits) -> Iterator[list[Invoice]]:
    part: list[Invoice] = []
    records = lines = cents = 0
    most_records = limits.records - _ENDS - _LOT_ENDS
    for invoice in invoices:
        rows = rows_of(invoice)
        totals = invoice_totals(invoice.sheet)
        if rows > most_records or totals.lines > limits.lines or totals.fees > limits.cents:
            raise LotError(
                f"invoice {invoice.number}: {rows} records, {totals.lines} lines and {totals.fees} cents "
                "are more than any file may hold"
            )
        if part and (
            len(part) == limits.invoices
            or records + rows > most_records
            or lines + totals.lines > limits.lines
            or cents + totals.fees > limits.cents
        ):
            yield part
            part, records, lines, cents = [], 0, 0, 0
        part.append(invoice)
        records, lines, cents = records + rows, lines + totals.lines, cents + totals.fees
    yield part
