"""What nobody may change on the way, and what nobody may read: integrity and confidentiality."""

from dataclasses import replace

from bifente.fse.lots.values import Invoice
from bifente.fse.post import open_letter
from bifente.workbench.services.forging import (
    enveloped,
    found_in,
    readdressed,
    with_enveloped,
    with_flipped_bit,
    with_more_asked,
)
from bifente.workbench.services.shown import ShownAttack, ShownService, noticed
from bifente.workbench.services.stage import ServicesStage
from bifente.workbench.services.words import euros

_WANTED = 2900
"""Cents that attackers ask of the caisse, where 2100 were signed for."""


def integrity(stage: ServicesStage) -> ShownService:
    """What arrives is what was signed, to the byte: records, lot and sheets."""
    sheet = stage.consultation()
    lot = stage.lot(sheet)
    file = stage.file(lot)
    answer = stage.sent(stage.sealed(file, lot))
    return ShownService(
        "integrity",
        "integrity",
        (
            f"sheet {sheet.number}, signed by both cards: {euros(_asked(sheet))} of {euros(sheet.sheet.total)} are asked of the caisse",
            f"lot {lot.number:03}, signed by the CPS, covers the sheet and the {len(file.b2) // 128 - 2} records of it",
            f"{stage.caisse.name} makes the records again from the sheet, compares, and answers: {answer.words}",
        ),
        answer.positive,
        (_altered_records(stage), _altered_sheet(stage), _flipped_bit(stage)),
    )


def _altered_records(stage: ServicesStage) -> ShownAttack:
    sheet = stage.consultation()
    lot = stage.lot(sheet)
    file = stage.file(lot)
    asked, fees = _asked(sheet), sheet.sheet.total
    b2 = with_more_asked(file.b2, asked, _WANTED, fees)
    answer = stage.sent(stage.sealed(replace(file, b2=b2), lot))
    return ShownAttack(
        "altered lot",
        (
            f"between signature and seal {_changed(file.b2, b2)} bytes of the B2 file are changed: {euros(_WANTED)} asked, not {euros(asked)}",
            "in the act and in the totals of invoice and lot alike; the file is sealed as it then is (a seal needs no secret)",
        ),
        answer.notice(),
    )


def _altered_sheet(stage: ServicesStage) -> ShownAttack:
    genuine = stage.consultation()
    (act,) = genuine.sheet.acts
    asked = _asked(genuine)
    signed = genuine.signed.replace(str(asked).encode(), str(_WANTED).encode())
    price = replace(act.price, amo=_WANTED) if act.price is not None else None
    changed = Invoice(genuine.number, replace(genuine.sheet, acts=(replace(act, price=price),)), signed)
    lot = stage.lot(changed)
    answer = stage.sent(stage.sealed(stage.file(lot), lot))
    return ShownAttack(
        "altered sheet",
        (
            f"a program in the surgery writes {euros(_WANTED)} for {euros(asked)} into sheet {genuine.number}, which both cards have signed",
            f"bytes of the signed sheet that are others now: {_changed(genuine.signed, signed)}; the records say the same as the sheet",
            f"the doctor signs lot {lot.number:03} of it unknowing, with the genuine CPS",
        ),
        answer.notice(),
    )


def _flipped_bit(stage: ServicesStage) -> ShownAttack:
    lot = stage.lot(stage.consultation())
    mail = stage.sealed(stage.file(lot), lot)
    sealed = enveloped(mail)
    at = len(sealed) * 2 // 3
    answer = stage.sent(with_enveloped(mail, with_flipped_bit(sealed, at)))
    return ShownAttack(
        "a bit on the way",
        (
            f"somebody on the way flips one bit of the sealed mail of lot {lot.number:03}, in byte {at} of {len(sealed)}",
        ),
        answer.notice(),
    )


def confidentiality(stage: ServicesStage) -> ShownService:
    """Only the caisse can read what the surgery sends."""
    sheet = stage.consultation()
    lot = stage.lot(sheet)
    mail = stage.sealed(stage.file(lot), lot)
    insured = sheet.sheet.rights.insured
    words = (insured.nir, sheet.sheet.rights.beneficiary.usual_name)
    on_the_way = found_in(mail + enveloped(mail), words)
    caisse = stage.caisse.issued
    opened = open_letter(mail, caisse.key, caisse.certificate)
    inside = found_in(b"".join(part.content for part in opened.parts), words)
    answer = stage.sent(mail)
    return ShownService(
        "confidentiality",
        "confidentiality",
        (
            f"the patient is {words[1]}, NIR {words[0]} (fictitious); the mail has {len(mail)} bytes",
            f"on its way {len(on_the_way)} of these {len(words)} words stand in it, in text or in the decoded envelope",
            f"opened with the caisse's key {len(inside)} of {len(words)} do; {stage.caisse.name} answers: {answer.words}",
        ),
        answer.positive and not on_the_way and len(inside) == len(words),
        (_eavesdropper(stage, mail), _readdressed(stage, mail)),
    )


def _eavesdropper(stage: ServicesStage, mail: bytes) -> ShownAttack:
    other = stage.other_caisse.issued
    return ShownAttack(
        "eavesdropper",
        (
            f"a copy of the mail comes to caisse {stage.other_caisse.code}, which tries its own key and certificate",
        ),
        (noticed(stage.other_caisse.name, lambda: open_letter(mail, other.key, other.certificate)),),
    )


def _readdressed(stage: ServicesStage, mail: bytes) -> ShownAttack:
    other = stage.other_caisse.issued
    forged = with_enveloped(mail, readdressed(enveloped(mail), other.certificate))
    return ShownAttack(
        "readdressed envelope",
        (
            f"caisse {stage.other_caisse.code} writes its own certificate into the envelope as the recipient's, and opens it with its key",
        ),
        (noticed(stage.other_caisse.name, lambda: open_letter(forged, other.key, other.certificate)),),
    )


def _asked(invoice: Invoice) -> int:
    return sum(act.price.amo for act in invoice.sheet.acts if act.price is not None)


def _changed(before: bytes, after: bytes) -> int:
    return sum(one != other for one, other in zip(before, after, strict=True))
