"""A sheet in the records of the norm PS: what stands where comes from the sheet alone, so that whoever has the signed sheet
makes the same bytes again, and compares.

Sources: ``spec/fse.md`` §1.2 to §1.5 (the norm PS), ``spec/corrections.md`` 13. The two *zones de certification* are
``synthetic``: nothing public says how they are made. Record 5 has the first 32 digits of the SHA-256 of the signed sheet,
record 6 those of the signed lot.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from bifente.fse.b2.fields import B2Given
from bifente.fse.b2.record import B2Row
from bifente.fse.b2.records import build_row as row
from bifente.fse.lots.values import Invoice, Lot, LotError, Organisme, billing_number, dre_insurer
from bifente.fse.sheet.acts import Act, Price
from bifente.fse.sheet.model import CareSheet

NORM: Final = "PS"
EDITION: Final = "062007"
"""Edition of the norm (record 1, columns 82–87): June 2007, the latest that layouts are public of."""

MARKINGS: Final = ("T", "D", "R")
"""Test, demonstration, real (*marquage*): invoices of emulated cards are never real unless the caller says so."""

_VITALE, _ATTESTATION = "4", "3"
_NOT_SUBJECT_TO_AGREEMENT: Final = "9"
_PRESTATION: Final = "1"
"""Nature d'opération."""


@dataclass(frozen=True, slots=True)
class InvoiceTotals:
    """What record 5 adds up, in euro cents; ``lines`` counts the records 4 and their continuations."""

    lines: int
    fees: int
    amo: int
    amc: int

    @property
    def participation(self) -> int:
        """What is left to the insured before the complementary insurer pays its part."""
        return self.fees - self.amo


def certification_zone(signed: bytes) -> str:
    """The *zone de certification* that refers to *signed*: 32 hexadecimal digits (synthetic)."""
    return sha256(signed).hexdigest()[:32].upper()


def invoice_totals(sheet: CareSheet) -> InvoiceTotals:
    """The sums of record 5. Raises LotError for an act without price."""
    prices = [priced(act) for act in sheet.acts]
    return InvoiceTotals(
        lines=sum(act.lines for act in sheet.acts),
        fees=sum(act.amount for act in sheet.acts),
        amo=sum(price.amo for price in prices),
        amc=sum(price.amc for price in prices),
    )


def rows_of(invoice: Invoice) -> int:
    """How many records the invoice takes."""
    return 2 + bool(_own_nir(invoice.sheet)) + invoice_totals(invoice.sheet).lines


def priced(act: Act) -> Price:
    """The price of *act*. Raises LotError when nobody has given it one."""
    if act.price is None:
        raise LotError(f"act {act.code} has no price: only priced sheets become invoices")
    return act.price


def invoice_rows(invoice: Invoice, *, marking: str = "T") -> Iterator[B2Row]:
    """Records 2, 2S when the bénéficiaire has a NIR of his own, 4 and 4M of each act, 5. Raises LotError, B2ValueError."""
    sheet = invoice.sheet
    head = _head(invoice)
    yield row(NORM, "2", **head, **_header(sheet, marking))
    if own := _own_nir(sheet):
        yield row(NORM, "2S", **head, nir_individuel=own[0], cle_individuel=own[1])
    for act in sheet.acts:
        yield row(NORM, "4", **head, **_act(sheet, act))
        if act.ccam is not None:
            yield row(NORM, "4M", **head, **_ccam(act))
    totals = invoice_totals(sheet)
    yield row(
        NORM,
        "5",
        **head,
        nombre_lignes=totals.lines,
        total_facture=totals.fees,
        total_amo=totals.amo,
        participation=totals.participation,
        total_amc=totals.amc,
        zone_certification=certification_zone(invoice.signed),
    )


def lot_rows(lot: Lot, signed_lot: bytes | None = None, *, marking: str = "T") -> Iterator[B2Row]:
    """Records 1 to 6 of a lot; its *zone de certification* is blank until it is signed."""
    sheet = lot.invoices[0].sheet
    who = {"numero_ps": lot.professional}
    yield row(
        NORM,
        "1",
        **who,
        organisme="000" if lot.complementary else lot.organisme.caisse,
        numero_lot=f"{lot.number:03}",
        nom=_name(sheet),
        date_creation=lot.day,
        norme=NORM,
        certification=lot.mode,
        edition_norme=EDITION,
        monnaie="U",
        regime_pivot=lot.organisme.regime,
        caisse_pivot=lot.organisme.caisse,
    )
    for invoice in lot.invoices:
        yield from invoice_rows(invoice, marking=marking)
    totals = [invoice_totals(invoice.sheet) for invoice in lot.invoices]
    yield row(
        NORM,
        "6",
        **who,
        nombre_factures=len(totals),
        nombre_lignes=sum(one.lines for one in totals),
        nombre_types_2=sum(1 + bool(_own_nir(invoice.sheet)) for invoice in lot.invoices),
        nombre_types_5=len(totals),
        total_facture=sum(one.fees for one in totals),
        total_amo=sum(one.amo for one in totals),
        total_amc=sum(one.amc for one in totals),
        numero_lot=f"{lot.number:03}",
        marquage=marking,
        type_facture="F",
        zone_certification="" if signed_lot is None else certification_zone(signed_lot),
    )


def _head(invoice: Invoice) -> dict[str, B2Given]:
    insured = invoice.sheet.rights.insured
    return {
        "numero_ps": billing_number(invoice.sheet),
        "nir": insured.nir,
        "cle_nir": insured.nir_key,
        "numero_facture": invoice.number,
    }


def _header(sheet: CareSheet, marking: str) -> dict[str, B2Given]:
    if marking not in MARKINGS:
        raise LotError(f"marquage {marking!r}: one of {', '.join(MARKINGS)}")
    insured, beneficiary = sheet.rights.insured, sheet.rights.beneficiary
    values: dict[str, B2Given] = {
        "marquage": marking,
        "nature_operation": _PRESTATION,
        "date_facturation": sheet.care_date,
        "type_facture": "F",
        "regime": Organisme.of(sheet).regime,
        "caisse": insured.caisse,
        "centre": insured.centre,
        "piece_justificative": _VITALE if sheet.mode.value == "S" else _ATTESTATION,
        "nature_assurance": sheet.nature,
        "exoneration": sheet.exoneration,
        "date_maternite": sheet.maternity,
        "remplacant": "1" if sheet.situation.substitute_id.strip("0 ") else "0",
        "naissance": beneficiary.birth_date[2:8],
        "rang_naissance": beneficiary.birth_rank[-1:],
        "destinataire_reglement": "00",
    }
    if sheet.prescriber is not None:
        values |= {
            "prescripteur": sheet.prescriber.billing_id,
            "specialite_prescripteur": sheet.prescriber.speciality,
            "date_prescription": sheet.prescribed,
        }
    if sheet.accident is not None:
        # An accident whose number nobody knows yet is named by its day (corrections 13).
        values["accident"] = sheet.accident.number or f"000{sheet.accident.day:%y%m%d}"
    paid = sheet.third_party
    if paid.amo:
        values["destinataire_reglement"] = "05" if paid.complementary is None else "15"
    if paid.complementary is not None:
        values |= {
            "top_eclatement": "E" if dre_insurer(sheet) else "",
            "type_contrat": paid.complementary.contract,
            "organisme_complementaire": paid.complementary.number,
            "adherent": paid.complementary.member,
        }
    return values


def _act(sheet: CareSheet, act: Act) -> dict[str, B2Given]:
    price = priced(act)
    return {
        "accord": _NOT_SUBJECT_TO_AGREEMENT,
        "exoneration": price.exoneration if price.exoneration != "0" else "",
        "executant": billing_number(sheet),
        "zone_tarif": sheet.situation.tariff_zone,
        "specialite": sheet.situation.speciality,
        "date_acte": act.date,
        "code_acte": _prestation(act),
        "quantite": act.quantity,
        "coefficient": act.coefficient,
        "denombrement": act.quantity,
        "prix_unitaire": price.unit,
        "base": price.base,
        "taux": price.rate,
        "montant_amo": price.amo,
        "montant": act.amount,
        "qualificatif": act.qualifier,
        "lieu": act.place,
        "montant_amc": price.amc,
    }


def _prestation(act: Act) -> str:
    """The *code prestation* by which record 4 bills an act: the letter of the NGAP, or what groups acts of the CCAM."""
    if act.ccam is None:
        return act.code
    if not act.ccam.grouping:
        raise LotError(
            f"act {act.code} has no code prestation (ATM, ADC …): the tariff gives it with the price"
        )
    return act.ccam.grouping


def _ccam(act: Act) -> dict[str, B2Given]:
    assert act.ccam is not None
    more = act.ccam
    return {
        "sequence": "01",
        "code_acte": act.code,
        "extension_documentaire": more.documentary,
        "activite": more.activity,
        "phase": more.phase,
        **{f"modificateur_{place}": code for place, code in enumerate(more.modifiers, 1)},
        "association": more.association,
        "date_seance": act.date,
        **{f"dent_{place}": tooth for place, tooth in enumerate(more.teeth, 1)},
    }


def _own_nir(sheet: CareSheet) -> tuple[str, str] | None:
    """NIR and key of the bénéficiaire when the card has them and they are not those of the assuré."""
    beneficiary = sheet.rights.beneficiary
    nir = beneficiary.certified_nir.strip()
    if not nir or nir == sheet.rights.insured.nir:
        return None
    return nir, beneficiary.certified_nir_key


def _name(sheet: CareSheet) -> str:
    """Who bills, in the 40 characters of record 1."""
    holder = sheet.professional
    return f"{holder.family_name} {holder.given_name}".strip()[:40].rstrip()
