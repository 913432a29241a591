"""A surgery's cards and the sheets they sign, and a caisse that trusts their authority."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from keypool import cycling

from bifente.applets import SmartCard, card_of
from bifente.applets.perso import personalise, read_profile
from bifente.applets.perso.cardrecords import meta_of
from bifente.applets.store.stores import MemoryStore
from bifente.fse.caisse.evidence import Examiner, invoice_dossier
from bifente.fse.caisse.judgement import CaisseKnowledge, InvoiceDossier, LotDossier
from bifente.fse.caisse.store.opening import open_engine, store_url
from bifente.fse.caisse.store.store import CaisseStore
from bifente.fse.sheet import Act, CareSession, CareSheet
from bifente.fse.sheet.acts import Price, ThirdParty
from bifente.igc import Authority
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
