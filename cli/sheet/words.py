"""What a care sheet says, in words and for a program."""

from typing import TYPE_CHECKING

from bifente.documents import parse_json
from bifente.fse.sheet import canonical
from bifente.workbench.sheets.pricing import euros

if TYPE_CHECKING:
    from bifente.fse.sheet.acts import Act
    from bifente.fse.sheet.model import CareSheet

MODES = {
    "S": "secured: both cards sign",
    "F": "SESAM sans Vitale: the CPS signs alone",
    "D": "degraded: signed on paper",
}
ORIGINS = {
    "vitale": "read from the Vitale",
    "online": "told by a service online",
    "typed": "typed in",
}


def sheet_facts(sheet: "CareSheet") -> dict[str, object]:
    """A sheet for a program: its canonical form as it is, and its sums."""
    return {
        "version": sheet.version,
        "provenance": canonical.PROVENANCE,
        "total": sheet.total,
        "amo": sum(act.price.amo for act in sheet.acts if act.price is not None),
        "amc": sum(act.price.amc for act in sheet.acts if act.price is not None),
        "sheet": parse_json(canonical.encode(sheet), "sheet"),
    }


def amounts(sheet: "CareSheet") -> list[str]:
    """The acts, a line each, and their sum."""
    lines = [_act(number, act) for number, act in enumerate(sheet.acts, 1)]
    priced = [act.price for act in sheet.acts if act.price is not None]
    total = f"total {euros(sheet.total)}"
    if priced:
        amo, amc = sum(one.amo for one in priced), sum(one.amc for one in priced)
        total += f": AMO {euros(amo)}, AMC {euros(amc)}, the rest {euros(sheet.total - amo - amc)}"
    return [*lines, total]


def _act(number: int, act: "Act") -> str:
    words = [f"act {number}: {act.code}"]
    ccam = act.ccam
    if ccam is None:
        words.append(f"{act.coefficient.normalize():f}")
    else:
        said = (
            ("activity", ccam.activity),
            ("phase", ccam.phase if ccam.phase != "0" else ""),
            ("modifiers", "".join(ccam.modifiers)),
            ("association", ccam.association),
            ("teeth", ",".join(ccam.teeth)),
        )
        words += [f"{name} {value}" for name, value in said if value]
    if act.quantity > 1:
        words.append(f"× {act.quantity}")
    for name, value in (("complement", act.complement), ("qualifier", act.qualifier)):
        if value:
            words.append(f"{name} {value}")
    if act.place == "1":
        words.append("at home")
    line = f"{' '.join(words)}, {act.date}: {euros(act.amount)}"
    price = act.price
    if price is not None:
        line += f" (base {euros(price.base)}, {price.rate} %, AMO {euros(price.amo)}, AMC {euros(price.amc)})"
    return line


def sheet_words(sheet: "CareSheet") -> list[str]:
    """The whole sheet, a line for each thing it says."""
    holder, situation, rights = sheet.professional, sheet.situation, sheet.rights
    insured, person = rights.insured, rights.beneficiary
    lines = [
        f"feuille de soins n° {sheet.number} of {sheet.care_date}, version {sheet.version} (synthetic form)",
        f"mode {sheet.mode.value} ({MODES[sheet.mode.value]})",
        (
            f"professional: {holder.given_name} {holder.family_name}, {holder.national_id}{holder.id_key}, "
            f"situation {situation.number}, billing {situation.billing_id}{situation.billing_id_key}, "
            f"speciality {situation.speciality or 'none'}"
        ),
        f"insured: {insured.nir} {insured.nir_key}, organisme {insured.regime} {insured.caisse} {insured.centre}",
        (
            f"bénéficiaire {person.number}: {person.given_name} {person.usual_name or person.birth_name}, "
            f"born {person.birth_date}"
        ),
        f"rights {ORIGINS[sheet.rights_origin.value]}",
    ]
    if sheet.prepared_by:
        lines.append(f"prepared with card {sheet.prepared_by}")
    if sheet.accepted:
        lines.append(f"accepted: {', '.join(kind.value for kind in sheet.accepted)}")
    lines.append(
        f"nature d'assurance {sheet.nature}, exoneration {sheet.exoneration}, pathway {sheet.pathway or 'none'}"
    )
    if sheet.prescriber is not None:
        when = f" on {sheet.prescribed}" if sheet.prescribed is not None else ""
        lines.append(f"prescribed by {sheet.prescriber.billing_id} {sheet.prescriber.name}".rstrip() + when)
    if sheet.accident is not None:
        lines.append(f"accident of {sheet.accident.day} {sheet.accident.number}".rstrip())
    if sheet.maternity is not None:
        lines.append(f"maternity {sheet.maternity}")
    third = sheet.third_party
    payers = ["AMO"] if third.amo else []
    if third.complementary is not None:
        payers.append(f"complementary {third.complementary.number} ({third.complementary.source.value})")
    lines.append(f"third-party payment: {', '.join(payers) or 'none'}")
    return lines + amounts(sheet)
