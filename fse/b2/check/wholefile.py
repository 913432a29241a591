"""A file checked record by record, in one pass and constant memory (but for the invoice numbers, which must be unique)."""

from collections.abc import Iterator
from typing import BinaryIO, Final

from bifente.fse.b2.check.fields import FieldChecks, about
from bifente.fse.b2.check.order import FOLLOWERS, MOST_LINES, LineOrder, in_words, step
from bifente.fse.b2.check.records import RECORD_RULES
from bifente.fse.b2.check.rules import RULES, B2Finding
from bifente.fse.b2.check.totals import InvoiceSums, LotSums, participation
from bifente.fse.b2.errors import NotB2
from bifente.fse.b2.fields import day_of
from bifente.fse.b2.framing import Chunk, FramedFile
from bifente.fse.b2.record import LENGTH, B2Row
from bifente.fse.b2.records import OTHER_NORMS, norm_of, recogniser

MOST_RECORDS: Final = 990
LOST_AFTER: Final = 20
"""Unknown records in a row after which a file is taken to be out of step."""

Findings = Iterator[B2Finding]


def check(source: bytes | BinaryIO) -> Findings:
    """All findings about a file, in its order. Raises OSError when the stream does."""
    try:
        framed = FramedFile(source)
    except NotB2 as error:
        yield B2Finding(RULES["not-b2"], str(error))
        return
    yield from _form(framed)
    chunks = framed.chunks(realign=True)
    first = next(chunks)
    named = first.raw[61:65].decode("latin-1").strip()
    norm = norm_of(named)
    if named not in ("PS", "CP"):
        trade = f" ({OTHER_NORMS[named]})" if named in OTHER_NORMS else ""
        why = f"norm {named!r}{trade}: read by the layouts of PS"
        yield B2Finding(RULES["unread-norm"], why, 1, "000", first.offset + 61, "norme", "62–65", named)
    checker = _Checker(norm)
    yield from checker.chunk(first)
    for chunk in chunks:
        yield from checker.chunk(chunk)
        if checker.lost:
            return
    yield from checker.end()


def _form(framed: FramedFile) -> Findings:
    form = framed.form
    if form.byte_order_mark:
        yield B2Finding(RULES["byte-order-mark"], "the file begins with the byte order mark of UTF-8")
    if form.encoding != "ASCII":
        yield B2Finding(RULES["ebcdic"], "the file is in EBCDIC; it is read by code page 500")
    if form.line_ends != "none":
        yield B2Finding(RULES["line-ends"], f"the records are lines that end with {form.line_ends}")


class _Checker:
    """What is open while the records come by."""

    def __init__(self, norm: str) -> None:
        self._norm = norm
        self._recognise = recogniser(norm)
        self._other = recogniser("PS" if norm == "CP" else "CP")
        self._fields = FieldChecks()
        self._order = LineOrder(norm)
        self._before = ""
        self._file: B2Row | None = None
        self._lot: LotSums | None = None
        self._invoice: InvoiceSums | None = None
        self._count = 0
        self._lots = 0
        self._unknown = 0
        self._organisme: str | None = None
        self._invoice_numbers: dict[str, set[str]] = {}
        self._lot_numbers: set[tuple[str, str]] = set()

    @property
    def lost(self) -> bool:
        """Whether so many records in a row were none that going on would say nothing."""
        return self._unknown > LOST_AFTER

    @property
    def _to_a_caisse(self) -> bool:
        """Whether the file goes to a caisse: complementary insurers have insured of all régimes."""
        return self._file is None or self._file.text("type_destinataire") == "CP"

    def chunk(self, chunk: Chunk) -> Findings:
        """What is wrong with the next record."""
        number, offset, raw, length = chunk
        self._count += 1
        if number == MOST_RECORDS + 1:
            why = f"more than {MOST_RECORDS} records"
            yield B2Finding(RULES["too-many-records"], why, number, "", offset)
        record = self._recognise(raw)
        name = record.name if record is not None else ""
        if length != LENGTH:
            yield B2Finding(RULES["length"], f"{length} characters, not {LENGTH}", number, name, offset)
        if record is None:
            yield from self._unrecognised(chunk)
            return
        self._unknown = 0
        row = B2Row(record, raw, number, offset)
        yield from self._nesting(row)
        yield from self._fields.findings(row)
        if name in RECORD_RULES:
            yield from RECORD_RULES[name](row)
        yield from self._take_in(row)

    def end(self) -> Findings:
        """What the file lacks at its end."""
        if self._before != "999":
            why = f"the file ends after a record {self._before.rstrip('+') or 'that is none'}, without a 999"
            yield B2Finding(RULES["truncated"], why, self._count)

    def _unrecognised(self, chunk: Chunk) -> Findings:
        self._unknown += 1
        if self.lost:
            why = f"{self._unknown} records in a row are none: a record before them is too long or too short"
            yield B2Finding(RULES["lost"], why, chunk.number, "", chunk.offset)
            return
        kind, letter = chunk.raw[:1].decode("latin-1"), chunk.raw[35:36].decode("latin-1")
        other = self._other(chunk.raw)
        if other is not None:
            why = f"a record {other.name} belongs to the other norm than {self._norm}"
            yield B2Finding(RULES["other-norm"], why, chunk.number, other.name, chunk.offset, value=kind)
        else:
            why = f"no record of norm {self._norm} has type {kind!r} and letter {letter!r}"
            yield B2Finding(
                RULES["unknown-record"], why, chunk.number, "", chunk.offset, "", "1 and 36", kind + letter
            )

    def _nesting(self, row: B2Row) -> Findings:
        here, allowed = step(row), FOLLOWERS[self._before]
        if here not in allowed:
            rule, why = "order", f"{in_words(allowed)} expected after a {self._before.rstrip('+')}"
            if here == "5" and self._before in ("2", "2+"):
                rule, why = "no-lines", "an invoice without a line"
            yield B2Finding(RULES[rule], why, row.number, row.name, row.offset, "", "1", row.record.type)
        self._before = here
        if here in ("3", "4"):
            self._order.begin()
        elif here in ("3+", "4+"):
            yield from self._order.add(row)

    def _take_in(self, row: B2Row) -> Findings:
        kind = row.record.type
        if row.record.letter or kind in ("3", "4"):
            yield from self._line(row)
        elif kind == "000":
            self._file = self._file or row
        elif kind == "1":
            yield from self._lot_begins(row)
        elif kind == "2":
            yield from self._invoice_begins(row)
        elif kind == "5":
            yield from self._invoice_ends(row)
        elif kind == "6":
            yield from self._lot_ends(row)
        else:
            yield from self._file_ends(row)

    def _lot_begins(self, row: B2Row) -> Findings:
        self._lots += 1
        self._lot, self._invoice = LotSums(row), None
        place = row.text("numero_ps"), row.text("numero_lot")
        if place in self._lot_numbers:
            yield _field(row, "numero_lot", "unique-lot", f"lot {place[1]} of {place[0]} occurs twice")
        self._lot_numbers.add(place)
        organisme = row.text("organisme")
        self._organisme = self._organisme or organisme
        if organisme != self._organisme:
            why = f"organisme {organisme}, where lots before go to {self._organisme}"
            yield _field(row, "organisme", "same-recipient", why)
        if self._file is not None:
            if self._file.text("norme").strip() != row.text("norme").strip():
                why = f"norm {row['norme']!r}, where record 000 names {self._file['norme']!r}"
                yield _field(row, "norme", "same-norm", why)
            yield from self._future(row, "date_creation")

    def _invoice_begins(self, row: B2Row) -> Findings:
        self._invoice = InvoiceSums(row)
        self._invoice.split_by_professional = row.text("top_eclatement") == "F"
        professional, number = row.text("numero_ps"), row.text("numero_facture")
        known = self._invoice_numbers.setdefault(professional, set())
        if number in known:
            why = f"invoice {number} of {professional} occurs twice"
            yield _field(row, "numero_facture", "unique-invoice", why)
        known.add(number)
        if "date_facturation" in row.record:
            yield from self._future(row, "date_facturation")
        lot = self._lot
        if lot is None:
            return
        lot.invoices += 1
        if professional != lot.header.text("numero_ps"):
            why = f"{professional}, where the lot is of {lot.header.text('numero_ps')}"
            yield _field(row, "numero_ps", "same-professional", why)
        if self._to_a_caisse and lot.regimes and row.text("regime") not in lot.regimes:
            why = f"régime {row.text('regime')}, where invoices before are of {min(lot.regimes)}"
            yield _field(row, "regime", "same-regime", why)
        lot.regimes.add(row.text("regime"))
        if "type_facture" in row.record:
            lot.markings.add(row.text("marquage"))
            yield from _invoice_type(row, lot.header)

    def _line(self, row: B2Row) -> Findings:
        invoice = self._invoice
        if invoice is None:
            return
        yield from _same_head(row, invoice.header)
        invoice.add(row)
        if row.record.letter:
            return
        if invoice.lines == MOST_LINES + 1:
            why = f"more than {MOST_LINES} lines in one invoice"
            yield B2Finding(RULES["too-many-lines"], why, row.number, row.name, row.offset)
        if invoice.split_by_professional and row.cents("montant_amc"):
            why = "a complementary amount, where record 2 says F (top éclatement)"
            yield _field(row, "montant_amc", "split-amc", why)
        yield from self._future(row, "date_fin" if row.record.type == "3" else "date_acte")

    def _invoice_ends(self, row: B2Row) -> Findings:
        invoice, self._invoice = self._invoice, None
        if invoice is None:
            return
        yield from _same_head(row, invoice.header)
        if row.text("nombre_lignes").isdecimal() and row.cents("nombre_lignes") != invoice.records:
            why = f"{row.cents('nombre_lignes')} records 3 and 4, where there are {invoice.records}"
            yield _field(row, "nombre_lignes", "count-lines", why)
        yield from _differing(
            row, {name: (value,) for name, value in invoice.expected(row).items()}, "sum-invoice"
        )
        rest = participation(row, invoice.sum("3", "montant"))
        if row.text("participation").isdecimal() and row.cents("participation") != rest:
            why = f"{row.cents('participation')} cents, where the formula gives {rest}"
            yield _field(row, "participation", "participation", why)
        if invoice.split_by_professional:
            for name in ("total_amc", "amc_hospitalisation", "amc_honoraires"):
                if row.cents(name):
                    yield _field(row, name, "split-amc", "a complementary amount, where record 2 says F")
        if self._lot is not None:
            self._lot.close(invoice, row)
            if "zone_certification" in row.record:
                yield from _certification(row, self._lot.header)

    def _lot_ends(self, row: B2Row) -> Findings:
        lot, self._lot, self._invoice = self._lot, None, None
        if lot is None:
            return
        for name, rule in (("numero_ps", "same-professional"), ("numero_lot", "same-lot")):
            if row.text(name) != lot.header.text(name):
                yield _field(
                    row, name, rule, f"{row.text(name)}, where record 1 says {lot.header.text(name)}"
                )
        expected = lot.expected()
        counts = {name: values for name, values in expected.items() if name.startswith("nombre")}
        yield from _differing(row, counts, "count-lot")
        yield from _differing(
            row, {name: expected[name] for name in expected if name not in counts}, "sum-lot"
        )
        real = {" ", "R"}
        if any(
            one != row.text("marquage") and not {one, row.text("marquage")} <= real for one in lot.markings
        ):
            why = f"{row.text('marquage')!r}, where its invoices say {', '.join(map(repr, sorted(lot.markings)))}"
            yield _field(row, "marquage", "same-marking", why)
        yield from _certification(row, lot.header)

    def _file_ends(self, row: B2Row) -> Findings:
        if row.text("volume").isdecimal() and row.cents("volume") != self._count:
            why = f"{row.cents('volume')} records, where there are {self._count}"
            yield _field(row, "volume", "count-file", why)
        if row.text("nombre_lots").isdecimal() and row.cents("nombre_lots") != self._lots:
            why = f"{row.cents('nombre_lots')} lots, where there are {self._lots}"
            yield _field(row, "nombre_lots", "count-file", why)
        if self._file is None:
            return
        names = ("type_emetteur", "numero_emetteur", "type_destinataire", "numero_destinataire")
        for name in (*names, "application", "identification"):
            if row.text(name).strip() != self._file.text(name).strip():
                why = f"{row.text(name)!r}, where record 000 says {self._file.text(name)!r}"
                yield _field(row, name, "same-ends", why)

    def _future(self, row: B2Row, name: str) -> Findings:
        """Whether a day lies after that of the file."""
        made = None if self._file is None else day_of(self._file.text("date_creation"))
        day = day_of(row.text(name))
        if made is not None and day is not None and day > made:
            yield _field(row, name, "future", f"{day}, where the file was made on {made}")


def _field(row: B2Row, name: str, rule: str, message: str) -> B2Finding:
    return about(row, row.record[name], row.text(name), rule, message)


def _same_head(row: B2Row, header: B2Row) -> Findings:
    if row.raw[1:26] == header.raw[1:26] and row.text("numero_facture") == header.text("numero_facture"):
        return
    for name in ("numero_ps", "nir", "cle_nir", "numero_facture"):
        found, wanted = row.text(name), header.text(name)
        if found != wanted:
            yield _field(row, name, "same-head", f"{found!r}, where record 2 says {wanted!r}")


def _differing(row: B2Row, expected: dict[str, tuple[int, ...]], rule: str) -> Findings:
    for name, values in expected.items():
        if row.text(name).isdecimal() and row.cents(name) not in values:
            wanted = " or ".join(map(str, values))
            yield _field(row, name, rule, f"{row.cents(name)}, where the records add up to {wanted}")


def _certification(row: B2Row, lot: B2Row) -> Findings:
    secured, zone = lot.text("certification") != " ", row.text("zone_certification")
    if secured and not zone.strip():
        why = f"empty in a lot whose top of certification is {lot.text('certification')!r}"
        yield _field(row, "zone_certification", "certification", why)
    elif not secured and zone.strip():
        yield _field(row, "zone_certification", "certification", "filled in a lot that is not certified")


def _invoice_type(row: B2Row, lot: B2Row) -> Findings:
    wanted = "F" if lot.text("certification") != " " else " "
    if row.text("type_facture") != wanted:
        why = f"{row.text('type_facture')!r} in a lot whose top of certification is {lot.text('certification')!r}"
        yield _field(row, "type_facture", "invoice-type", why)
