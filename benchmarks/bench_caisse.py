"""A caisse at work: lots received, verified, priced, stored and acknowledged; and what a store of a million sheets answers.

The floor of a round is what the bare library takes for its RSA: the signatures of Vitale, CPS and the Vitale's issuer under each sheet.
"""

import resource
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from time import perf_counter

import frame
from cards import TODAY, authority, powered
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from frame import Result, timed
from sqlalchemy import text

from bifente.crypto import rsa
from bifente.fse.caisse.centre import Caisse
from bifente.fse.caisse.evidence import Examiner
from bifente.fse.caisse.identity import CaisseIdentity
from bifente.fse.caisse.prices import TariffPricer
from bifente.fse.caisse.store import statistics
from bifente.fse.caisse.store.opening import open_engine, store_url
from bifente.fse.caisse.store.records import LotRecord, ReceivedMessage
from bifente.fse.caisse.store.store import CaisseStore
from bifente.fse.caisse.workers import ExaminerSettings, WorkerPool
from bifente.fse.lots.files import lot_file
from bifente.fse.lots.grouping import LotLimits, into_lots
from bifente.fse.lots.values import Invoice
from bifente.fse.post import B2_TEST, EDI_CONSENT, LOT, B2Subject, Letter, MaildirPost, Part, seal
from bifente.fse.sheet.acts import Act, Price, ThirdParty
from bifente.fse.sheet.lotsigner import CpsSigner
from bifente.fse.sheet.session import CareSession
from bifente.fse.tariff.tables import Tables
from bifente.igc import IssuedCaisse
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader

SHEETS = 600
A_LOT = 30
ROUNDS = 3
MILLION = 1_000_000
NOW = datetime.combine(TODAY, datetime.min.time(), UTC) + timedelta(hours=12)
CENTRE, SURGERY = "01349@349.01.rss.test", "durif@medical.rss.test"


def results() -> Iterator[Result]:
    """Reception with and without processes beside it, then the questions to a large store."""
    yield from reception()
    yield from large_store()


def mails(caisse: IssuedCaisse, sheets: int) -> list[bytes]:
    """Sealed mails with the lots of so many sheets."""
    consult = Act("G", Decimal(1), 3000, TODAY, price=Price(3000, 3000, 70, 2100))
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, powered("gp"))
        reader.insert(VITALE_SLOT, powered("vitale-single"))
        trust = authority().trust_store
        with CareSession(
            reader.link(CPS_SLOT), reader.link(VITALE_SLOT), trust=trust, today=TODAY
        ) as session:
            session.present_pin(b"1234")
            session.recognise()
            signer = CpsSigner(session.cps, [one.public_bytes(Encoding.DER) for one in trust.intermediates])
            invoices = []
            for number in range(1, sheets + 1):
                sheet = session.draw_up(
                    [consult], number=number, care_date=TODAY, third_party=ThirdParty(amo=True)
                )
                invoices.append(Invoice(number, sheet, session.sign(sheet)))
            lots = into_lots(invoices, count(1), TODAY, LotLimits(invoices=A_LOT))
            files = [lot_file([lot], f"FSE{lot.number:03}", TODAY, signer) for lot in lots]
    sealed = []
    for file in files:
        parts = [Part(file.identification, EDI_CONSENT, B2_TEST, file.b2)]
        parts += [Part("lot.p7m", EDI_CONSENT, LOT, signed) for signed in file.signed_lots]
        subject = str(B2Subject("991000019", NOW.replace(tzinfo=None), A_LOT))
        sealed.append(seal(Letter(SURGERY, CENTRE, subject, tuple(parts), NOW), caisse.certificate))
    return sealed


def reception() -> Iterator[Result]:
    """Sheets a second, through the whole of a caisse, against the bare verifications."""
    caisse = authority().issue_caisse(
        "01", "349", not_before=NOW - timedelta(days=1), key_source=lambda _bits: rsa.generate(2048)
    )
    sheets = A_LOT * 2 if frame.quick else SHEETS
    sealed = mails(caisse, sheets)
    floor = bare_verifications(sheets)
    trust, pricer = authority().trust_store, TariffPricer(Tables.shipped())
    with WorkerPool(2, ExaminerSettings.of(trust, pricer)) as pool:
        for workers, name, least in (
            (None, "sheets received, one process", None),
            (pool, "sheets received, and two workers", 600),
        ):
            seconds, floors = [], []
            received(caisse, pricer, sealed[:2], workers)
            for _ in range(1 if frame.quick else ROUNDS):
                floors.append(timed(floor))
                seconds.append(received(caisse, pricer, sealed, workers))
            took, bare = sorted(seconds)[len(seconds) // 2], sorted(floors)[len(floors) // 2]
            yield Result(
                name,
                "sheets/s",
                sheets / took,
                sheets / bare,
                took / bare,
                least=least,
                note="verified, priced, stored, acknowledged; floor: three bare RSA verifications each",
            )


def received(
    caisse: IssuedCaisse, pricer: TariffPricer, sealed: list[bytes], workers: WorkerPool | None
) -> float:
    """Seconds in which a new caisse takes these mails, from the mailbox to the ARL that have left."""
    with tempfile.TemporaryDirectory(prefix="bifente-bench-") as folder:
        box, surgery = MaildirPost(f"{folder}/post", CENTRE), MaildirPost(f"{folder}/post", SURGERY)
        for mail in sealed:
            surgery.send(mail, sender=SURGERY, recipient=CENTRE)
        store = CaisseStore(open_engine(store_url("caisse.db", Path(folder)), make=True))
        identity = CaisseIdentity(
            "bench", frozenset({"01349"}), CENTRE, caisse.key, caisse.certificate, caisse.signer
        )
        examiner = Examiner(authority().trust_store, pricer=pricer)
        centre = Caisse(store, identity, examiner, clock=lambda: NOW, workers=workers)
        begin = perf_counter()
        done = centre.receive(box)
        took = perf_counter() - begin
        store.close()
    if done.accepted != len(sealed) or done.sent != len(sealed):
        raise RuntimeError(f"{done} of {len(sealed)} lots")
    return took


def bare_verifications(sheets: int) -> Callable[[], None]:
    """Three RSA verifications for each of so many sheets, by the library alone."""
    key = rsa.generate(2048)
    public, message, padding, digest = key.public_key(), bytes(300), PKCS1v15(), SHA256()
    signature = key.sign(message, padding, digest)

    def floor() -> None:
        for _ in range(3 * sheets):
            public.verify(signature, message, padding, digest)

    return floor


def large_store() -> Iterator[Result]:
    """Status and statistics over a million invoices, written straight into the tables; how much memory they take."""
    size = 20_000 if frame.quick else MILLION
    with tempfile.TemporaryDirectory(prefix="bifente-bench-") as folder:
        store = CaisseStore(open_engine(store_url("caisse.db", Path(folder)), make=True))
        begin = perf_counter()
        filled(store, size)
        yield Result(f"a store of {size:,} sheets, written", "sheets/s", size / (perf_counter() - begin))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        questions: tuple[tuple[str, Callable[..., object]], ...] = (
            ("its status", statistics.status),
            ("its rejects by code", statistics.rejects),
            ("its totals by speciality", statistics.by_speciality),
            ("its totals by département", statistics.by_department),
            ("its delays to payment", statistics.delays),
        )
        for name, ask in questions:
            with store.reading() as transaction:
                took = timed(lambda ask=ask, transaction=transaction: ask(transaction))
            yield Result(name, "ms", took * 1000, most=5000)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        yield Result("memory that the questions took", "MiB", grown, most=32)
        store.close()


_A_YEAR = """
INSERT INTO invoice
    (lot, place, professional, number, digest, part, nir, birth, rank, insurance, insurer, care, received, speciality,
     department, third_party, acts, fees, amo, amc, participation, franchise, lines, state, settled)
WITH RECURSIVE counted (place) AS (SELECT 0 UNION ALL SELECT place + 1 FROM counted WHERE place + 1 < :size),
    drawn AS (SELECT place, (place * 2654435761) % 4294967296 AS draw FROM counted)
SELECT :lot, place, '991000019', place + 1, :digest, 'O', '280019999999917', '800101', 1, 'AS', '',
    date('2026-01-01', (draw % 365) || ' days'), date('2026-01-01', (draw % 365) || ' days'),
    printf('%02d', 1 + draw / 7 % 29), printf('%02d', 1 + draw / 11 % 95), 1, 1, 3000, 2100, 0, 200, 0, '[]',
    CASE draw % 50 WHEN 0 THEN 'rejected' ELSE 'paid' END,
    date('2026-01-01', (draw % 365 + 2 + draw / 13 % 10) || ' days')
FROM drawn
"""
"""Invoices of a year (synthetic), in no order that an index would like."""

_REJECTS = """
INSERT INTO finding (lot, place, number, code, gravity, detail)
SELECT lot, place, number, CASE place % 4 WHEN 0 THEN 'R01' WHEN 1 THEN 'R04' WHEN 2 THEN 'R05' ELSE '2900005' END,
    'invoice', ''
FROM invoice WHERE state = 'rejected'
"""


def filled(store: CaisseStore, size: int) -> None:
    """A lot with so many invoices, written by the database itself."""
    first = date(2026, 1, 1)
    lot = LotRecord(
        professional="991000019", number=1, organisme="01349", file_id="000001", mode="S", part="O", digest="0" * 64,
        signer="", made=first, positive=True, address=SURGERY, arl=b"", evidence=None, count=size,
    )  # fmt: skip
    with store.writing() as transaction:
        message = transaction.add_message(ReceivedMessage("1", "0" * 64, SURGERY, "", 1), NOW)
        key = transaction.add_lot(lot, message, NOW)
        transaction.connection.execute(text(_A_YEAR), {"size": size, "lot": key, "digest": "0" * 64})
        transaction.connection.execute(text(_REJECTS))
