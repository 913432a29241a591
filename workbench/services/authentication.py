"""Who sends, and who gets it: authentication of sender and recipient."""

from cryptography import x509

from bifente.fse.cabinet.caisses import CertificateBook
from bifente.fse.lots.judging import lot_signer
from bifente.fse.lots.signedlot import read_signed_lot
from bifente.fse.post import seal
from bifente.workbench.services.forging import self_made
from bifente.workbench.services.shown import ShownAttack, ShownService, noticed
from bifente.workbench.services.stage import ServicesStage
from bifente.workbench.services.words import named


def sender(stage: ServicesStage) -> ShownService:
    """The caisse knows by the signature of the lot whose it is, whatever a mail says of itself."""
    lot = stage.lot(stage.consultation())
    file = stage.file(lot)
    answer = stage.sent(stage.sealed(file, lot))
    signer = lot_signer(read_signed_lot(file.signed_lots[0]), stage.trust, stage.today)
    return ShownService(
        "sender",
        "authentication of the sender",
        (
            f"{stage.doctor.name} signs lot {lot.number:03} with the CPS and mails it to {stage.caisse.name}",
            f"{stage.caisse.name} verifies the certificate up to the roots: the signer is {named(signer)}",
            f"{stage.caisse.name} answers: {answer.words}",
        ),
        answer.positive,
        (_with_another_card(stage), _with_self_made_certificate(stage)),
    )


def _with_another_card(stage: ServicesStage) -> ShownAttack:
    sheet = stage.consultation()
    lot = stage.lot(sheet)
    answer = stage.sent(stage.sealed(stage.file(lot, stage.stranger.signer), lot))
    return ShownAttack(
        "forged sender: another's card",
        (
            f"{stage.stranger.name} takes sheet {sheet.number} of {stage.doctor.name}, makes lot {lot.number:03} in the doctor's name",
            f"signs it with the dentist's own genuine CPS, and mails it From: {stage.doctor.address}",
        ),
        answer.notice(),
    )


def _with_self_made_certificate(stage: ServicesStage) -> ShownAttack:
    lot = stage.lot(stage.consultation())
    forger = self_made(stage.doctor.signer.certificate)
    answer = stage.sent(stage.sealed(stage.file(lot, forger), lot))
    copied = named(x509.load_der_x509_certificate(forger.certificate))
    return ShownAttack(
        "forged sender: a certificate of one's own",
        (
            f"a forger makes a certificate with the doctor's name ({copied}), number and extensions, and a new key",
            f"signs lot {lot.number:03} with that key, and mails it From: {stage.doctor.address}",
        ),
        answer.notice(),
    )


def recipient(stage: ServicesStage) -> ShownService:
    """The surgery seals for the caisse that the authority has certified, and the caisse takes what is for it."""
    lot = stage.lot(stage.consultation())
    file = stage.file(lot)
    genuine = x509.load_der_x509_certificate(stage.caisse.issued.certificate)
    code = stage.caisse.code
    found = CertificateBook([genuine], stage.trust).find(code[:2], code[2:], stage.now)
    answer = stage.sent(seal(stage.letter(file, lot.professional), found.certificate))
    return ShownService(
        "recipient",
        "authentication of the recipient",
        (
            f"the surgery verifies the certificate of caisse {code} up to the roots: {found.address}",
            f"it seals lot {lot.number:03} for that certificate and mails it there",
            f"only the holder of its key can answer so, and the signature of the answer is verified: {answer.words}",
        ),
        answer.positive,
        (_false_caisse(stage), _exchanged_certificate(stage), _wrong_recipient(stage)),
    )


def _false_caisse(stage: ServicesStage) -> ShownAttack:
    code = stage.caisse.code
    forged = x509.load_der_x509_certificate(self_made(stage.caisse.issued.certificate).certificate)
    book = CertificateBook([forged], stage.trust)
    return ShownAttack(
        "false caisse",
        (
            f"a forger makes a certificate with the name and address of caisse {code}, and a key of his own",
            "puts it where the surgery looks for the caisse's certificate; the surgery asks for it to send a lot",
        ),
        (noticed("the surgery, before it sends", lambda: book.find(code[:2], code[2:], stage.now)),),
    )


def _exchanged_certificate(stage: ServicesStage) -> ShownAttack:
    lot = stage.lot(stage.consultation())
    letter = stage.letter(stage.file(lot), lot.professional)
    other = stage.other_caisse
    return ShownAttack(
        "exchanged certificate",
        (
            f"the certificate of caisse {other.code}, genuine, is given to the surgery for a letter to {letter.recipient}",
        ),
        (noticed("the surgery, as it seals", lambda: seal(letter, other.issued.certificate)),),
    )


def _wrong_recipient(stage: ServicesStage) -> ShownAttack:
    lot = stage.lot(stage.consultation())
    other = stage.other_caisse
    letter = stage.letter(stage.file(lot), lot.professional, to=other)
    answer = stage.sent(seal(letter, other.issued.certificate), to=other)
    return ShownAttack(
        "wrong recipient",
        (
            f"lot {lot.number:03} is signed for caisse {stage.caisse.code}; it is sealed for caisse {other.code} and mailed there",
            f"caisse {other.code} can open it, and looks for whom the doctor has signed it",
        ),
        answer.notice(),
    )
