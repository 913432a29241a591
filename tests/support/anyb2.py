"""B2 records and files of any valid values, and what spoils them."""

from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from bifente.fse.b2 import B2Record, B2Value, build_row
from bifente.fse.b2.fields import AS_INTEGER, DECIMALS, B2Field, Use
from bifente.fse.b2.files import B2File, B2Invoice, B2Line, B2Lot

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 '-./"

NIR, NIR_KEY = "2851975999001", "30"
PROFESSIONAL = "991000019"


def any_value(field: B2Field) -> st.SearchStrategy[B2Value]:
    """What the field may hold, in the form in which it is read."""
    if field.fixed is not None:
        return st.just(field.fixed)
    if field.use in AS_INTEGER:
        return st.integers(0, 10**field.width - 1)
    if field.use in DECIMALS:
        return st.integers(0, 10**field.width - 1).map(lambda n: Decimal(n).scaleb(-DECIMALS[field.use]))
    if field.use is Use.RESERVED or not field.numeric:
        text = st.text(LETTERS, max_size=field.width).map(str.strip)
        return text.filter(lambda one: bool(one) or not field.required)
    return st.text("0123456789", min_size=field.width, max_size=field.width)


def any_values(record: B2Record) -> st.SearchStrategy[dict[str, B2Value]]:
    """Values of all fields of a record, by their names."""
    return st.fixed_dictionaries({name: any_value(record[name]) for name in record.names})


def day(when: date) -> str:
    """``AAMMJJ``."""
    return f"{when:%y%m%d}"


DAY = date(2025, 3, 10)

HEAD = {"numero_ps": PROFESSIONAL, "nir": NIR, "cle_nir": NIR_KEY}


def act(number: int, *, cents: int = 3000, amo: int = 2100, amc: int = 0, code: str = "G") -> B2Line:
    """One act of a general practitioner, as §1.3 of the specification has it."""
    return B2Line(
        build_row(
            "PS",
            "4",
            **HEAD,
            numero_facture=number,
            accord="9",
            exoneration="0",
            executant=PROFESSIONAL,
            zone_tarif="24",
            specialite="01",
            date_acte=DAY,
            code_acte=code,
            quantite=1,
            coefficient=Decimal(1),
            denombrement=1,
            prix_unitaire=cents,
            base=cents,
            taux=70,
            montant_amo=amo,
            montant=cents,
            lieu="0",
            montant_amc=amc,
        )
    )


def invoice(number: int, *lines: B2Line) -> B2Invoice:
    """An invoice with these lines, and its totals."""
    lines = lines or (act(number),)
    charged, amo, amc = (
        sum(line.row.cents(name) for line in lines) for name in ("montant", "montant_amo", "montant_amc")
    )
    base = sum(line.row.cents("base") for line in lines)
    header = build_row(
        "PS",
        "2",
        **HEAD,
        numero_facture=number,
        marquage="T",
        nature_operation="1",
        date_facturation=DAY,
        type_facture="F",
        regime="01",
        caisse="349",
        centre="9881",
        piece_justificative="4",
        nature_assurance="10",
        exoneration="0",
        remplacant="0",
        naissance="850615",
        rang_naissance="1",
        destinataire_reglement="00",
    )
    total = build_row(
        "PS",
        "5",
        **HEAD,
        numero_facture=number,
        nombre_lignes=sum(1 for line in lines for _ in line.rows()),
        total_facture=charged,
        total_amo=amo,
        participation=base - amo,
        total_amc=amc,
        zone_certification="A" * 32,
    )
    return B2Invoice(header, (), lines, total)


def lot(number: int, *invoices: B2Invoice) -> B2Lot:
    """A lot of these invoices, and its totals."""
    header = build_row(
        "PS",
        "1",
        numero_ps=PROFESSIONAL,
        organisme="349",
        numero_lot=number,
        nom="Dr Test Émulateur",
        date_creation=DAY,
        norme="PS",
        certification="S",
        edition_norme="062007",
        monnaie="U",
    )
    totals = {
        name: sum(one.total.cents(name) for one in invoices)
        for name in ("total_facture", "total_amo", "total_amc")
    }
    trailer = build_row(
        "PS",
        "6",
        numero_ps=PROFESSIONAL,
        nombre_factures=len(invoices),
        nombre_lignes=sum(one.total.cents("nombre_lignes") for one in invoices),
        nombre_types_2=sum(1 for one in invoices for row in one.rows() if row.record.type == "2"),
        nombre_types_5=len(invoices),
        **totals,
        numero_lot=number,
        marquage="T",
        type_facture="F",
        zone_certification="B" * 32,
    )
    return B2Lot(header, invoices, trailer)


def file_of(*lots: B2Lot) -> B2File:
    """A file of these lots for the test caisse 349."""
    common = {
        "type_emetteur": "TP",
        "numero_emetteur": f"00000{PROFESSIONAL}",
        "type_destinataire": "CP",
        "numero_destinataire": "00000000000349",
        "application": "TR",
        "identification": "FSE001",
    }
    header = build_row("PS", "000", **common, date_creation=DAY, norme="PS")
    volume = 2 + sum(1 for one in lots for _ in one.rows())
    trailer = build_row("PS", "999", **common, volume=volume, nombre_lots=len(lots))
    return B2File(header, lots, trailer)
