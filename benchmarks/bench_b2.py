"""B2 records written and read: all fields of each, in files as a surgery sends them.

The floor of both does the same work without declarations: what is written is one ``%`` over a tuple, and what is read is cut at the
same columns by hand, its numbers made integers. Nothing is checked there, no field named, no file framed.
"""

import io
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from operator import itemgetter

from frame import Result, per_second

from bifente.fse.b2 import B2Given, B2Record, build_row, read_rows
from bifente.fse.b2.check import check

INVOICES = 300
DAY = date(2025, 3, 10)
PROFESSIONAL, NIR, KEY = "991000019", "2851975999001", "30"
LEAST = 100_000.0


def invoice(number: int) -> list[tuple[str, dict[str, B2Given]]]:
    """The records of an invoice of two acts, one of them of the CCAM, as names and values."""
    head = {"numero_ps": PROFESSIONAL, "nir": NIR, "cle_nir": KEY, "numero_facture": number}
    act: dict[str, B2Given] = {
        **head,
        "accord": "9",
        "exoneration": "0",
        "executant": PROFESSIONAL,
        "zone_tarif": "24",
        "specialite": "01",
        "date_acte": DAY,
        "code_acte": "G",
        "quantite": 1,
        "coefficient": Decimal(1),
        "denombrement": 1,
        "prix_unitaire": 3000,
        "base": 3000,
        "taux": 70,
        "montant_amo": 2100,
        "montant": 3000,
        "lieu": "0",
    }
    return [
        (
            "2",
            {
                **head,
                "nature_operation": "1",
                "date_facturation": DAY,
                "type_facture": "F",
                "regime": "01",
                "caisse": "349",
                "centre": "9881",
                "piece_justificative": "4",
                "nature_assurance": "10",
                "exoneration": "0",
                "remplacant": "0",
                "naissance": "850615",
                "rang_naissance": "1",
                "destinataire_reglement": "00",
            },
        ),
        ("4", act),
        ("4", {**act, "code_acte": "ATM"}),
        (
            "4M",
            {
                **head,
                "sequence": 1,
                "code_acte": "HBLD038",
                "activite": "1",
                "phase": "0",
                "modificateur_1": "7",
                "association": "1",
            },
        ),
        (
            "5",
            {
                **head,
                "nombre_lignes": 3,
                "total_facture": 6000,
                "total_amo": 4200,
                "participation": 1800,
                "total_amc": 0,
            },
        ),
    ]


def prepared() -> tuple[list[tuple[B2Record, dict[str, B2Given]]], bytes]:
    """Records with their values, and a file of them."""
    from bifente.fse.b2 import find_record

    records = [
        (find_record("PS", name), values)
        for number in range(1, INVOICES + 1)
        for name, values in invoice(number)
    ]
    header = build_row(
        "PS",
        "000",
        type_emetteur="TP",
        numero_emetteur=PROFESSIONAL,
        type_destinataire="CP",
        numero_destinataire="349",
        application="TR",
        identification="FSE001",
        date_creation=DAY,
        norme="PS",
    )
    return records, header.raw + b"".join(record.build(values) for record, values in records)


def bare_writing(records: list[tuple[B2Record, dict[str, B2Given]]]) -> Callable[[], object]:
    """One ``%`` for each record, over the values in the order of their columns."""
    rows = []
    for record, values in records:
        raw = record.parse(record.build(values))
        parts = []
        for field in record.fields:
            value = raw.get(field.name, "")
            whole = field.numeric and (isinstance(value, int) or str(value).isdigit())
            parts.append(f"%0{field.width}d" if whole else f"%-{field.width}s")
        arguments = tuple(
            int(value) if field.numeric and (isinstance(value, int) or str(value).isdigit()) else value
            for field in record.fields
            for value in [raw.get(field.name, "")]
        )
        rows.append(("".join(parts), arguments))
    return lambda: b"".join((template % arguments).encode("ascii") for template, arguments in rows)


def bare_reading(content: bytes, records: list[tuple[B2Record, dict[str, B2Given]]]) -> Callable[[], object]:
    """Each record cut at its columns, its numbers made integers."""
    cuts = {}
    for record, _ in records:
        named = [record[name] for name in record.names]
        numbers = [place for place, field in enumerate(named) if field.numeric]
        cuts[record.name] = itemgetter(*(slice(one.first - 1, one.last) for one in named)), numbers
    plan = [cuts[record.name] for record, _ in records]

    def work() -> list[list[object]]:
        text, found = content.decode("ascii"), []
        for place, (cut, numbers) in enumerate(plan, 1):
            values: list[object] = list(cut(text[128 * place : 128 * place + 128]))
            for number in numbers:
                values[number] = int(values[number])  # type: ignore[call-overload]  # a str
            found.append(values)
        return found

    return work


def results() -> Iterator[Result]:
    """Writing, reading, checking."""
    records, content = prepared()
    count = len(records)
    yield per_second(
        "B2 records written from values",
        lambda: b"".join(record.build(values) for record, values in records),
        count,
        unit="records/s",
        floor=bare_writing(records),
        least=LEAST,
    )
    yield per_second(
        "B2 records read from a file, all values",
        lambda: [row.values for row in read_rows(io.BytesIO(content))],
        count,
        unit="records/s",
        floor=bare_reading(content, records),
        least=LEAST,
    )
    yield per_second(
        "B2 records checked by all rules", lambda: sum(1 for _ in check(content)), count, unit="records/s"
    )
