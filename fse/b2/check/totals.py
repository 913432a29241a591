"""What an invoice, a lot and a file add up to while their records come by."""

from dataclasses import dataclass, field

from bifente.fse.b2.record import B2Row

LINE_AMOUNTS = ("montant", "base", "montant_amo", "montant_amc")


@dataclass(slots=True)
class InvoiceSums:
    """An open invoice: its record 2, the sums of its lines by type (3 and 4), and how many records it has."""

    header: B2Row
    sums: dict[tuple[str, str], int] = field(default_factory=dict)
    lines: int = 0
    records: int = 0
    headers: int = 1
    split_by_professional: bool = False

    def add(self, row: B2Row) -> None:
        """A record 3 or 4, or a continuation of one or of record 2."""
        if row.record.type == "2":
            self.headers += 1
            return
        self.records += 1
        if not row.record.letter:
            self.lines += 1
            for name in LINE_AMOUNTS:
                place = (row.record.type, name)
                self.sums[place] = self.sums.get(place, 0) + row.cents(name)

    def sum(self, kind: str, name: str) -> int:
        """Σ of a field over the lines of type *kind*."""
        return self.sums.get((kind, name), 0)

    def expected(self, total: B2Row) -> dict[str, int]:
        """Field of record 5 → what the lines add up to."""
        if "total_facture" in total.record:
            return {
                "total_facture": self.sum("4", "montant"),
                "total_amo": self.sum("4", "montant_amo"),
                "total_amc": self.sum("4", "montant_amc"),
            }
        return {
            "base_hospitalisation": self.sum("3", "base"),
            "amo_hospitalisation": self.sum("3", "montant_amo"),
            "total_honoraires": self.sum("4", "montant"),
            "amo_honoraires": self.sum("4", "montant_amo"),
            "amc_hospitalisation": self.sum("3", "montant_amc"),
            "amc_honoraires": self.sum("4", "montant_amc"),
            "facture_hospitalisation": self.sum("3", "montant"),
        }


def participation(total: B2Row, hospital: int) -> int:
    """``(Σ [03102] − [0550]) + ([0558] − [0566])`` by the amounts that record 5 itself has (``corrections.md`` 13).

    *hospital* is Σ of the records 3. Columns 58 and 66 are the honoraires of establishments and all that professionals charge.
    """
    if "total_facture" in total.record:
        return total.cents("total_facture") - total.cents("total_amo")
    return (hospital - total.cents("amo_hospitalisation")) + (
        total.cents("total_honoraires") - total.cents("amo_honoraires")
    )


@dataclass(slots=True)
class LotSums:
    """An open lot: its record 1, and what its invoices add up to."""

    header: B2Row
    invoices: int = 0
    lines: int = 0
    line_records: int = 0
    headers: int = 0
    totals: int = 0
    charged: int = 0
    amo: int = 0
    amc: int = 0
    markings: set[str] = field(default_factory=set)
    regimes: set[str] = field(default_factory=set)

    def close(self, invoice: InvoiceSums, total: B2Row) -> None:
        """Take in an invoice with its record 5."""
        self.lines += invoice.lines
        self.line_records += invoice.records
        self.headers += invoice.headers
        self.totals += 1
        names = {
            "charged": ("total_facture", "total_honoraires", "facture_hospitalisation"),
            "amo": ("total_amo", "amo_honoraires", "amo_hospitalisation"),
            "amc": ("total_amc", "amc_honoraires", "amc_hospitalisation"),
        }
        for sum_name, fields in names.items():
            setattr(self, sum_name, getattr(self, sum_name) + sum(total.cents(name) for name in fields))

    def expected(self) -> dict[str, tuple[int, ...]]:
        """Field of record 6 → what it may say: two readings of a count that the norm leaves open."""
        return {
            "nombre_factures": (self.invoices,),
            "nombre_lignes": tuple(dict.fromkeys((self.line_records, self.lines))),
            "nombre_types_2": tuple(dict.fromkeys((self.headers, self.invoices))),
            "nombre_types_5": (self.totals,),
            "total_facture": (self.charged,),
            "total_amo": (self.amo,),
            "total_amc": (self.amc,),
        }


__all__ = ["InvoiceSums", "LotSums", "participation"]
