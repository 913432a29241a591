"""B2 records and files of any valid values, and what spoils them."""

from datetime import date
from decimal import Decimal
from random import Random

from hypothesis import strategies as st

from bifente.fse.b2 import B2Record, B2Row, B2Value, build_row
from bifente.fse.b2.fields import AS_INTEGER, DECIMALS, B2Field
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
        return st.integers(0, 10**field.width - 1).map(lambda n: Decimal(n).scaleb(-field.places))
    if not field.holds_digits:
        text = st.text(LETTERS, max_size=field.width).map(str.strip)
        return text.filter(lambda one: bool(one) or not field.required)
    return st.text("0123456789", min_size=field.width, max_size=field.width)


def any_values(record: B2Record) -> st.SearchStrategy[dict[str, B2Value]]:
    """Values of all fields of a record, by their names."""
    return st.fixed_dictionaries({name: any_value(record[name]) for name in record.names})


def chosen_values(record: B2Record, choose: Random) -> dict[str, B2Value]:
    """The same for whole files of records, drawn faster."""

    def value(field: B2Field) -> B2Value:
        if field.fixed is not None:
            return field.fixed
        digits = "".join(choose.choices("0123456789", k=field.width))
        if field.holds_digits:
            return field.get(digits)
        text = "".join(choose.choices(LETTERS, k=choose.randrange(field.width + 1))).strip()
        return text or ("X" if field.required else "")

    return {name: value(record[name]) for name in record.names}


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
        participation=charged - amo,
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


def hospital_rows() -> list[B2Row]:
    """A file of an establishment: one invoice with a stay, honoraires, and each kind of record that continues them."""
    head = {**HEAD, "rang_beneficiaire": "001", "numero_facture": 7}
    detail = {**HEAD, "numero_facture": 7}
    ends = {
        "type_emetteur": "TE",
        "numero_emetteur": f"00000{PROFESSIONAL}",
        "type_destinataire": "CP",
        "numero_destinataire": "00000000000349",
        "application": "TR",
        "identification": "ETS001",
    }
    honoraires = {
        **head,
        "executant": PROFESSIONAL,
        "date_acte": DAY,
        "quantite": 1,
        "coefficient": 1,
        "denombrement": 1,
        "prix_unitaire": 2000,
        "base": 2000,
        "taux": 70,
        "montant_amo": 1400,
        "montant": 2500,
    }
    rows = [
        build_row("CP", "000", **ends, date_creation=DAY, norme="CP"),
        build_row(
            "CP",
            "1",
            numero_ps=PROFESSIONAL,
            organisme="349",
            numero_lot=1,
            categorie="189",
            statut="60",
            mode_tarifs="05",
            nom="Hôpital d'essai",
            date_creation=DAY,
            norme="CP",
            edition_norme="062007",
            monnaie="U",
        ),
        build_row(
            "CP",
            "2",
            **head,
            nature_operation="1",
            numero_entree="12",
            regime="01",
            caisse="349",
            centre="9881",
            piece_justificative="4",
            nature_assurance="10",
            exoneration="0",
            date_hospitalisation=DAY,
            naissance="850615",
            date_entree=DAY,
            date_sortie=DAY,
            heure_sortie="15",
        ),
        build_row(
            "CP", "2S", **head, sequence=1, nir_individuel=NIR, cle_individuel=NIR_KEY, parcours_soins="T"
        ),
        build_row(
            "CP",
            "3",
            **head,
            date_debut=DAY,
            date_fin=DAY,
            code_acte="PJ",
            quantite=1,
            prix_unitaire=50000,
            base=50000,
            taux=80,
            montant_amo=40000,
            montant=50000,
            montant_amc=10000,
        ),
        build_row("CP", "3S", **head, sequence=1, accord="9"),
        build_row("CP", "3E", **head, sequence=1, rpps_prescripteur="10000000009"),
        build_row(
            "CP",
            "3F",
            **detail,
            sequence=1,
            code_lpp="1234567",
            quantite=1,
            tarif=1000,
            montant=1000,
        ),
        build_row(
            "CP",
            "3H",
            **detail,
            sequence=1,
            code_ucd="9000000",
            fractionnement=Decimal("0.5"),
            prix_unitaire=100,
            quantite=1,
            montant=100,
        ),
        build_row("CP", "4", **honoraires, code_acte="CS"),
        build_row("CP", "4S", **detail, sequence=1, accord="9"),
        build_row("CP", "4E", **detail, sequence=1, rpps_executant="10000000009"),
        build_row("CP", "4B", **detail, sequence=1, date_1=DAY, quantite_1=1, code_acte_1="00001104"),
        build_row("CP", "4", **honoraires, code_acte="ADC"),
        build_row("CP", "4S", **detail, sequence=1, accord="9"),
        build_row("CP", "4M", **detail, sequence=1, code_acte="HBLD038", activite="1", modificateur_1="7"),
        build_row(
            "CP",
            "5",
            **head,
            nombre_lignes=12,
            base_hospitalisation=50000,
            amo_hospitalisation=40000,
            total_honoraires=5000,
            amo_honoraires=2800,
            participation=(50000 - 40000) + (5000 - 2800),
            amc_hospitalisation=10000,
            facture_hospitalisation=50000,
        ),
        build_row(
            "CP",
            "6",
            numero_ps=PROFESSIONAL,
            nombre_factures=1,
            nombre_lignes=12,
            nombre_types_2=2,
            nombre_types_5=1,
            total_facture=55000,
            total_amo=42800,
            total_amc=10000,
            numero_lot=1,
        ),
    ]
    return [*rows, build_row("CP", "999", **ends, volume=len(rows) + 1, nombre_lots=1)]
