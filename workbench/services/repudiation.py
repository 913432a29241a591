"""Nobody can deny: neither the surgery what it sent, nor the caisse that it got it."""

from dataclasses import replace
from hashlib import sha256

from bifente.fse.errors import FseError
from bifente.fse.lots.judging import lot_signer
from bifente.fse.lots.signedlot import read_signed_lot
from bifente.fse.returns.arl import Arl, read_arl, write_arl
from bifente.workbench.errors import WorkbenchError
from bifente.workbench.services.forging import self_made
from bifente.workbench.services.proving import ThirdPartyFinding, roots_pem, third_party
from bifente.workbench.services.shown import AttackNotice, ShownAttack, ShownService, noticed
from bifente.workbench.services.stage import CaisseAnswer, ServicesStage
from bifente.workbench.services.words import named


def origin(stage: ServicesStage) -> ShownService:
    """The signed lot proves to anybody that the doctor sent it, and sent this."""
    lot = stage.lot(stage.consultation())
    signed = stage.file(lot)
    answer = stage.sent(stage.sealed(signed, lot))
    (proof,) = signed.signed_lots
    judged = third_party(proof, stage.trust)
    return ShownService(
        "origin",
        "non-repudiation of sending",
        (
            f"{stage.doctor.name} signs lot {lot.number:03} with the CPS; {stage.caisse.name} answers: {answer.words}",
            f"the caisse keeps the signed lot, {len(proof)} bytes, SHA-256 {sha256(proof).hexdigest()}",
            f"a third party with nothing but the roots verifies it: {judged.check}, {judged.code}: {judged.words}",
        ),
        answer.positive and judged.holds,
        (_denied_sending(stage, proof, lot.number), _made_up_lot(stage, proof, lot.number)),
        (("lot.p7m", proof), ("roots.pem", roots_pem(stage.trust))),
    )


def _denied_sending(stage: ServicesStage, proof: bytes, number: int) -> ShownAttack:
    content = read_signed_lot(proof)
    told, signer = content.manifest, named(lot_signer(content, stage.trust, stage.today))
    return ShownAttack(
        "denied sending",
        (
            f"the doctor says: I never sent lot {number:03}",
            f"the caisse shows the signed lot {told.lot:03} of {told.professional}, with invoice {told.invoices[0].number}",
        ),
        (_contradicted(third_party(proof, stage.trust), f"the signer is {signer}"),),
    )


def _made_up_lot(stage: ServicesStage, proof: bytes, number: int) -> ShownAttack:
    made_up = _replaced(proof, f'"lot":{number},'.encode(), f'"lot":{_another(number)},'.encode())
    judged = third_party(made_up, stage.trust)
    return ShownAttack(
        "made-up lot",
        (
            f"the caisse writes lot {_another(number):03} where the doctor signed lot {number:03}, and keeps the signature",
            "it shows that as a second lot that was sent",
        ),
        (
            AttackNotice("a third party", judged.check, judged.code, judged.words, refused=not judged.holds),
            noticed("bifente", lambda: read_signed_lot(made_up)),
        ),
    )


def receipt(stage: ServicesStage) -> ShownService:
    """The signed ARL proves to anybody that the caisse has got the lot, and this one."""
    lot = stage.lot(stage.consultation())
    file = stage.file(lot)
    answer = stage.sent(stage.sealed(file, lot))
    digest = sha256(file.signed_lots[0]).hexdigest()
    return ShownService(
        "receipt",
        "non-repudiation of receipt",
        (
            f"lot {lot.number:03} leaves, SHA-256 {digest}",
            f"{answer.words} comes back, signed by {stage.caisse.name}",
            f"it names the lot by its digest: {_arl(answer).lot_digest}",
        ),
        answer.positive and _arl(answer).lot_digest == digest,
        (
            _denied_receipt(stage, answer, digest),
            _arl_of_another(stage, answer),
            _arl_of_a_forger(stage, answer),
            _arl_of_another_lot(stage, answer),
        ),
        (
            ("arl.p7m", answer.signed),
            ("lot.p7m", file.signed_lots[0]),
            ("roots.pem", roots_pem(stage.trust)),
        ),
    )


def _denied_receipt(stage: ServicesStage, answer: CaisseAnswer, digest: str) -> ShownAttack:
    judged = third_party(answer.signed, stage.trust)
    found = read_arl(answer.signed, stage.trust)
    same = replace(judged, holds=judged.holds and found.lot_digest == digest)
    return ShownAttack(
        "denied receipt",
        (
            f"the caisse says: we never got lot {found.lot:03}",
            f"the surgery shows the ARL of {found.issued:%Y-%m-%d %H:%M:%S} UTC, and the lot with the digest in it",
        ),
        (_contradicted(same, f"it names {found.lot_digest[:16]}…, the digest of the lot"),),
    )


def _arl_of_another(stage: ServicesStage, answer: CaisseAnswer) -> ShownAttack:
    forged = write_arl(_arl(answer), stage.other_caisse.signer())
    return ShownAttack(
        "forged ARL: another caisse's key",
        (
            f"caisse {stage.other_caisse.code} writes an ARL+ in the name of caisse {stage.caisse.code}, signs it with its own genuine key",
        ),
        (noticed("the surgery", lambda: read_arl(forged, stage.trust)),),
    )


def _arl_of_a_forger(stage: ServicesStage, answer: CaisseAnswer) -> ShownAttack:
    forged = write_arl(_arl(answer), self_made(stage.caisse.issued.certificate))
    return ShownAttack(
        "forged ARL: a certificate of one's own",
        (
            f"a forger makes a certificate with the name of caisse {stage.caisse.code} and signs the same ARL with his key",
        ),
        (noticed("the surgery", lambda: read_arl(forged, stage.trust)),),
    )


def _arl_of_another_lot(stage: ServicesStage, answer: CaisseAnswer) -> ShownAttack:
    digest = _arl(answer).lot_digest
    other = sha256(digest.encode()).hexdigest()
    changed = _replaced(answer.signed, digest.encode(), other.encode())
    return ShownAttack(
        "an ARL for a lot never sent",
        (f"the surgery writes the digest of another lot into the caisse's ARL: {other[:16]}…",),
        (noticed("whoever is shown it", lambda: read_arl(changed, stage.trust)),),
    )


def _contradicted(judged: ThirdPartyFinding, more: str) -> AttackNotice:
    words = f"{judged.words}: {more}" if judged.holds else f"{judged.words}: the denial stands"
    return AttackNotice("a third party", judged.check, judged.code, words, refused=judged.holds)


def _arl(answer: CaisseAnswer) -> Arl:
    if answer.arl is None:
        raise WorkbenchError("the caisse did not answer the lot", "post")
    return answer.arl


def _another(number: int) -> int:
    return number + 1 if number not in (9, 99, 999) else number - 1


def _replaced(data: bytes, old: bytes, new: bytes) -> bytes:
    """*data* with *new* for *old*, which has as many bytes. Raises FseError when it is not there."""
    if old not in data or len(old) != len(new):
        raise FseError("what the attacker wants to change is not there")
    return data.replace(old, new)
