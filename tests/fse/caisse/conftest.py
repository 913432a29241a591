"""A surgery's cards and the sheets they sign, and a caisse that trusts their authority."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import count
from pathlib import Path

import postgres
import pytest
from caissedesk import NOON, Centre
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from keypool import cycling
from sqlalchemy import create_engine, text

from bifente.applets import SmartCard, card_of
from bifente.applets.perso import personalise, read_profile
from bifente.applets.perso.cardrecords import meta_of
from bifente.applets.store.stores import MemoryStore
from bifente.fse.caisse.evidence import Examiner, invoice_dossier
from bifente.fse.caisse.judgement import CaisseKnowledge, InvoiceDossier, LotDossier
from bifente.fse.caisse.prices import TariffPricer
from bifente.fse.caisse.store.opening import open_engine, store_url
from bifente.fse.caisse.store.store import CaisseStore
from bifente.fse.lots.files import lot_file
from bifente.fse.lots.grouping import LotLimits, into_lots
from bifente.fse.lots.values import Invoice, LotFile
from bifente.fse.sheet import Act, CareSession, CareSheet
from bifente.fse.sheet.acts import Price, ThirdParty
from bifente.fse.sheet.lotsigner import CpsSigner
from bifente.fse.tariff.tables import Tables
from bifente.igc import Authority, IssuedCaisse
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader

TODAY = date(2026, 11, 23)


@dataclass
class SurgeryDesk:
    """Two cards in a reader; signed sheets by their numbers."""

    authority: Authority
    cps: SmartCard
    vitale: SmartCard
    signed: dict[int, bytes] = field(default_factory=dict)
    lots: dict[int, tuple[CareSheet, bytes]] = field(default_factory=dict)

    def sheet(self, number: int) -> bytes:
        """The signed sheet of a consultation today."""
        if number not in self.signed:
            consult = Act("G", Decimal(1), 3000, TODAY)
            self.signed[number] = self.session.sign(
                self.session.draw_up([consult], number=number, care_date=TODAY)
            )
        return self.signed[number]

    @cached_property
    def session(self) -> CareSession:
        """The consultation, with PIN and recognition behind it."""
        reader = TwoSlotReader()
        reader.insert(CPS_SLOT, self.cps)
        reader.insert(VITALE_SLOT, self.vitale)
        session = CareSession(
            reader.link(CPS_SLOT), reader.link(VITALE_SLOT), trust=self.authority.trust_store, today=TODAY
        )
        session.present_pin(b"1234")
        session.recognise()
        return session

    def priced(self, number: int) -> tuple[CareSheet, bytes]:
        """A sheet with its price, for which the caisse is asked in the patient's place."""
        if number not in self.lots:
            consult = Act("G", Decimal(1), 3000, TODAY, price=Price(3000, 3000, 70, 2100))
            sheet = self.session.draw_up(
                [consult], number=number, care_date=TODAY, third_party=ThirdParty(amo=True)
            )
            self.lots[number] = sheet, self.session.sign(sheet)
        return self.lots[number]

    def dossier(self, number: int) -> InvoiceDossier:
        """What the caisse sees of that sheet."""
        return invoice_dossier(number, self.sheet(number), Examiner(self.authority.trust_store))


@pytest.fixture(scope="session")
def surgery_desk(pooled_authority: Authority, pooled_keys: list[RSAPrivateKey]) -> SurgeryDesk:
    """A general practitioner and one insured person, of the shipped profiles."""
    keys = cycling(pooled_keys)

    def card(profile: str) -> SmartCard:
        made = personalise(read_profile(profile), pooled_authority, keys=keys, today=TODAY)
        powered = card_of(MemoryStore(made), meta_of(made).kind)
        powered.power_on()
        return powered

    return SurgeryDesk(pooled_authority, card("gp"), card("vitale-single"))


@pytest.fixture(scope="session")
def good_lot(surgery_desk: SurgeryDesk) -> LotDossier:
    """A lot of two sheets with nothing wrong."""
    invoices = tuple(surgery_desk.dossier(number) for number in (1, 2))
    sheet = invoices[0].sheet
    assert sheet is not None
    situation, insured = sheet.situation, sheet.rights.insured
    return LotDossier(
        professional=situation.billing_id + situation.billing_id_key,
        number=7,
        organisme=insured.regime + insured.caisse,
        mode="S",
        file_id="000001",
        digest="ab" * 32,
        created=TODAY,
        signer=invoices[0].signer,
        invoices=invoices,
    )


@pytest.fixture(scope="session")
def known(good_lot: LotDossier) -> CaisseKnowledge:
    """A caisse that serves the lot's organisme and knows of nothing else."""
    return CaisseKnowledge(TODAY, frozenset({good_lot.organisme}), revocation=True, tariff=True)


@pytest.fixture
def caisse_store(tmp_path: Path) -> Iterator[CaisseStore]:
    """A store that was just made."""
    store = CaisseStore(open_engine(store_url("caisse.db", tmp_path), make=True))
    yield store
    store.close()


@pytest.fixture
def changed(good_lot: LotDossier) -> Callable[..., LotDossier]:
    """The good lot with changes to its first invoice."""

    def make(**changes: object) -> LotDossier:
        first = replace(good_lot.invoices[0], **changes)  # type: ignore[arg-type]
        return replace(good_lot, invoices=(first, *good_lot.invoices[1:]))

    return make


@pytest.fixture(scope="session")
def issued_caisse(surgery_desk, pooled_keys: list[RSAPrivateKey]) -> IssuedCaisse:  # type: ignore[no-untyped-def]
    """Key and certificate of the caisse, of the authority that issued the cards."""
    return surgery_desk.authority.issue_caisse(
        "01", "349", not_before=NOON - timedelta(days=1), key_source=cycling(pooled_keys)
    )


@pytest.fixture(scope="session")
def files(surgery_desk) -> Callable[..., LotFile]:  # type: ignore[no-untyped-def]
    """``files(lot, number…)``: a file with one lot of sheets of these numbers, signed by the doctor."""
    from cryptography.hazmat.primitives.serialization import Encoding

    intermediates = [
        one.public_bytes(Encoding.DER) for one in surgery_desk.authority.trust_store.intermediates
    ]

    def make(lot: int, *numbers: int, file_id: str = "FSE001", day: date = TODAY, **limits: int) -> LotFile:
        signer = CpsSigner(surgery_desk.session.cps, intermediates)
        invoices = [Invoice(number, *surgery_desk.priced(number)) for number in numbers]
        lots = into_lots(invoices, count(lot), day, LotLimits(**limits))
        return lot_file(lots, file_id, day, signer)

    return make


@pytest.fixture
def centre(caisse_store: CaisseStore, issued_caisse: IssuedCaisse, surgery_desk, tmp_path: Path) -> Centre:  # type: ignore[no-untyped-def]
    return Centre(
        caisse_store,
        issued_caisse,
        Examiner(surgery_desk.authority.trust_store, pricer=TariffPricer(Tables.shipped())),
        tmp_path / "post",
    )


@pytest.fixture(scope="session")
def pg_address(require_tool) -> Iterator[str]:  # type: ignore[no-untyped-def]
    """A PostgreSQL server; without Debian's the test is skipped, or fails under CI=true."""
    if postgres.program("initdb") is None:
        require_tool("initdb")
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'bifente[postgres]'")
    with postgres.served() as address:
        yield address


@pytest.fixture
def pg_store(pg_address: str, tmp_path: Path) -> Iterator[CaisseStore]:
    """A store on PostgreSQL that was just made, in an empty database."""
    url = store_url(pg_address, tmp_path)
    empty = create_engine(url)
    with empty.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    empty.dispose()
    store = CaisseStore(open_engine(url, make=True))
    yield store
    store.close()
