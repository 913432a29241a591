"""Where a sheet has been: each sheet in one lot, each lot once, and a journal that says so."""

from bifente.fse.caisse.store.records import JournalEntry
from bifente.fse.caisse.store.statistics import status
from bifente.workbench.services.forging import with_message_id, with_sheet_moved
from bifente.workbench.services.shown import AttackNotice, ShownAttack, ShownService
from bifente.workbench.services.stage import ServicesStage


def traceability(stage: ServicesStage) -> ShownService:
    """What came is in the caisse's journal, and nothing counts twice."""
    sheet = stage.consultation()
    lot = stage.lot(sheet)
    mail = stage.sealed(stage.file(lot), lot)
    before = _journal(stage)
    answer = stage.sent(mail)
    lines = [f"journal: {one.event}, {one.detail}" for one in _journal(stage)[len(before) :]]
    return ShownService(
        "traceability",
        "traceability",
        (
            f"sheet {sheet.number} goes in lot {lot.number:03}; {stage.caisse.name} answers: {answer.words}",
            *lines,
        ),
        answer.positive and bool(lines),
        (
            _replayed(stage, mail, lot.number),
            _moved(stage),
            _billed_twice(stage),
            _number_used_again(stage),
        ),
    )


def _replayed(stage: ServicesStage, mail: bytes, number: int) -> ShownAttack:
    before = _invoices(stage)
    seen = len(_journal(stage))
    answer = stage.sent(with_message_id(mail, f"replayed-{number}@elsewhere.test"))
    after = _invoices(stage)
    told = [one for one in _journal(stage)[seen:] if one.event == "repeated"]
    counted = f"{after - before} invoices more in the store, {answer.intake.accepted} lots accepted"
    refused = bool(told) and after == before and not answer.intake.accepted
    return ShownAttack(
        "replayed lot",
        (
            f"somebody has kept the mail of lot {number:03} and sends the same sealed bytes again, under another Message-ID",
        ),
        (
            AttackNotice(
                stage.caisse.name,
                "journal",
                told[0].event if told else "",
                f"{told[0].detail if told else 'nothing was noticed'}: {counted}",
                refused=refused,
            ),
        ),
    )


def _moved(stage: ServicesStage) -> ShownAttack:
    stolen = stage.consultation()
    own = stage.lot(stage.consultation(stage.stranger, stolen.number))
    file = stage.file(own, stage.stranger.signer)
    moved = with_sheet_moved(own, file, stolen, stage.stranger.signer)
    answer = stage.sent(stage.sealed(moved, own))
    return ShownAttack(
        "sheet moved to another lot",
        (
            f"{stage.stranger.name} puts sheet {stolen.number} of {stage.doctor.name}, genuine, into lot {own.number:03} of {own.professional}",
            "fits digests, records and zones de certification to it, and signs the lot with the dentist's genuine CPS",
        ),
        answer.notice(),
    )


def _billed_twice(stage: ServicesStage) -> ShownAttack:
    sheet = stage.consultation()
    first = stage.lot(sheet)
    honest = stage.sent(stage.sealed(stage.file(first), first))
    second = stage.lot(sheet)
    answer = stage.sent(stage.sealed(stage.file(second), second))
    return ShownAttack(
        "sheet billed twice",
        (
            f"sheet {sheet.number} went in lot {first.number:03} ({honest.words})",
            f"the doctor puts it into lot {second.number:03} too, and signs that one with the CPS as well",
        ),
        answer.notice(),
    )


def _number_used_again(stage: ServicesStage) -> ShownAttack:
    first = stage.lot(stage.consultation())
    honest = stage.sent(stage.sealed(stage.file(first), first))
    again = stage.lot(stage.consultation(), number=first.number)
    answer = stage.sent(stage.sealed(stage.file(again), again))
    return ShownAttack(
        "lot put in another's place",
        (
            f"lot {first.number:03} was taken in charge ({honest.words})",
            f"the doctor signs another lot {again.number:03} with another sheet, to stand in its place",
        ),
        answer.notice(),
    )


def _journal(stage: ServicesStage) -> list[JournalEntry]:
    with stage.caisse.caisse.store.reading() as transaction:
        return transaction.journal()


def _invoices(stage: ServicesStage) -> int:
    with stage.caisse.caisse.store.reading() as transaction:
        return sum(one.invoices for one in status(transaction).invoices)
