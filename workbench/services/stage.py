"""The stage: two professionals with their cards, two caisses, and the post between them, all of one TEST authority.

Cards, signatures, files, mails, stores and verdicts are those of every other command; people are invented.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from bifente.crypto import rsa
from bifente.crypto.cms import KeySigner, Signer
from bifente.fse.caisse.centre import Caisse, Intake
from bifente.fse.caisse.evidence import Examiner
from bifente.fse.caisse.identity import CaisseIdentity
from bifente.fse.caisse.store.opening import open_engine, store_url
from bifente.fse.caisse.store.store import CaisseStore
from bifente.fse.lots.files import lot_file
from bifente.fse.lots.grouping import into_lots
from bifente.fse.lots.values import Invoice, Lot, LotFile
from bifente.fse.post import (
    ARL,
    B2_TEST,
    EDI_CONSENT,
    LOT,
    B2Subject,
    Letter,
    MaildirPost,
    Part,
    open_letter,
    seal,
)
from bifente.fse.returns.arl import Arl, read_arl
from bifente.fse.sheet.acts import Act, Price
from bifente.fse.sheet.lotsigner import CpsSigner
from bifente.fse.sheet.session import CareSession
from bifente.igc import Authority, IssuedCaisse, TrustStore, caisse_address
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
from bifente.workbench.cards.maker import PIN, CardMaker
from bifente.workbench.services.shown import AttackNotice

_OTHER_CAISSE: Final = "999"
"""The caisse beside: a number that no caisse of the shipped cards has."""


@dataclass(frozen=True, slots=True)
class StagedOffice:
    """A professional with a CPS in the reader, beside the patient's carte Vitale; PIN and recognition are behind them."""

    name: str
    address: str
    session: CareSession
    signer: CpsSigner

    def sheet(self, number: int, act: Act) -> Invoice:
        """A sheet of *act*, signed by both cards, as an invoice."""
        sheet = self.session.draw_up([act], number=number, care_date=self.session.today)
        return Invoice(number, sheet, self.session.sign(sheet))


@dataclass(frozen=True, slots=True)
class StagedCaisse:
    """A caisse that judges, with the box from which it takes its mails."""

    caisse: Caisse
    post: MaildirPost
    issued: IssuedCaisse

    @property
    def code(self) -> str:
        """Régime and caisse, five digits."""
        return self.caisse.identity.code

    @property
    def name(self) -> str:
        """What it is called in words."""
        return f"caisse {self.code}"

    def signer(self) -> Signer:
        """Who signs for it."""
        return self.caisse.identity.signer


@dataclass(frozen=True, slots=True)
class CaisseAnswer:
    """What the caisse did with a mail, and the ARL that came back; None when none came."""

    by: str
    intake: Intake
    arl: Arl | None
    signed: bytes

    @property
    def positive(self) -> bool:
        """Whether the lot was taken in charge."""
        return self.arl is not None and self.arl.positive

    @property
    def words(self) -> str:
        """The ARL in words."""
        if self.arl is None:
            return "no ARL came back"
        sign = "+" if self.arl.positive else "-"
        codes = "; ".join(f"{one.code} {one.label}" for one in self.arl.codes)
        return f"ARL{sign} of lot {self.arl.lot:03}{': ' if codes else ''}{codes}"

    def notice(self) -> tuple[AttackNotice, ...]:
        """The codes of a negative ARL, or that nothing was noticed."""
        if self.arl is None or self.arl.positive:
            return (AttackNotice(self.by, "ARL", "", self.words, refused=False),)
        return tuple(
            AttackNotice(self.by, "ARL-", one.code, one.label.removesuffix(".")) for one in self.arl.codes
        )


class ServicesStage:
    """Everybody who takes part, made when first needed and kept in *folder*; numbers go up by one each time.

    Without an *authority* one with short keys is made. Close it, or use it as a context manager.
    """

    def __init__(self, folder: Path, authority: Authority | None = None) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.maker = CardMaker(authority, today=self.today)
        self.folder = folder
        self._held = ExitStack()
        self._numbers = count(1)
        self._lots = count(1)

    @property
    def today(self) -> date:
        """The day by the clocks of all who take part (UTC)."""
        return self.now.date()

    @property
    def authority(self) -> Authority:
        """The TEST authority of all cards and both caisses."""
        return self.maker.authority

    # -- who takes part

    @cached_property
    def doctor(self) -> StagedOffice:
        """The general practitioner of the shipped profile."""
        return self._office("gp", "the doctor", "doctor@ps.rss.test")

    @cached_property
    def stranger(self) -> StagedOffice:
        """Another professional with a genuine card: the dentist of the shipped profile."""
        return self._office("dentist", "the dentist", "dentist@ps.rss.test")

    @cached_property
    def caisse(self) -> StagedCaisse:
        """The caisse of the patient."""
        rights, _ = self.doctor.session.rights_at(self.today)
        return self._caisse(rights.insured.regime, rights.insured.caisse)

    @cached_property
    def other_caisse(self) -> StagedCaisse:
        """Another caisse of the same authority."""
        return self._caisse(self.caisse.code[:2], _OTHER_CAISSE)

    @cached_property
    def trust(self) -> TrustStore:
        """What everybody trusts: the roots of the authority, with the chain of the caisses."""
        _ = self.caisse  # the first caisse that is certified gives the authority that chain
        return Authority.open(self.authority.directory).trust_store

    def box(self, address: str) -> MaildirPost:
        """The mailbox of *address*."""
        return MaildirPost(self.folder / "mail", address)

    # -- what they do

    def consultation(self, office: StagedOffice | None = None, number: int = 0) -> Invoice:
        """A consultation at 30.00 €, of which 21.00 € are asked of the caisse (no tariff is applied), signed by both cards."""
        price = Price(unit=3000, base=3000, rate=70, amo=2100)
        act = Act("G", Decimal(1), 3000, self.today, price=price)
        return (office or self.doctor).sheet(number or next(self._numbers), act)

    def lot(self, *invoices: Invoice, number: int = 0) -> Lot:
        """The lot of these invoices, with the next number or *number*."""
        (lot,) = into_lots(invoices, iter((number or next(self._lots),)), self.today)
        return lot

    def file(self, lot: Lot, signer: Signer | None = None) -> LotFile:
        """The B2 file with *lot*, signed by the doctor's CPS or by *signer*."""
        return lot_file([lot], f"S{lot.number:05}", self.today, signer or self.doctor.signer)

    def letter(
        self, file: LotFile, professional: str, *, to: StagedCaisse | None = None, sender: str = ""
    ) -> Letter:
        """What the surgery puts into its mail."""
        parts = [Part(f"{file.identification}.b2", EDI_CONSENT, B2_TEST, file.b2)]
        parts += [
            Part(f"lot{n}.p7m", EDI_CONSENT, LOT, signed) for n, signed in enumerate(file.signed_lots, 1)
        ]
        subject = str(B2Subject.of_file(professional, self.now.replace(tzinfo=None), file.b2))
        recipient = (to or self.caisse).caisse.identity.address
        return Letter(sender or self.doctor.address, recipient, subject, tuple(parts), self.now)

    def sent(self, message: bytes, to: StagedCaisse | None = None, sender: str = "") -> CaisseAnswer:
        """Post a mail, let the caisse look into its box, and read what comes back; any ARL in it must be genuine."""
        to, sender = to or self.caisse, sender or self.doctor.address
        box = self.box(sender)
        box.send(message, sender=sender, recipient=to.caisse.identity.address)
        intake = to.caisse.receive(to.post)
        arl, signed = None, b""
        for mail in box.fetch():
            letter = open_letter(mail.message, None, None, plain=True)
            signed = next(part.content for part in letter.parts if part.description == ARL)
            arl = read_arl(signed, self.trust)
            box.done(mail.id)
        return CaisseAnswer(to.name, intake, arl, signed)

    def sealed(self, file: LotFile, lot: Lot) -> bytes:
        """The surgery's mail with *file*, sealed for its caisse."""
        return seal(self.letter(file, lot.professional), self.caisse.issued.certificate)

    # -- how they are made

    def _office(self, profile: str, name: str, address: str) -> StagedOffice:
        reader = TwoSlotReader()
        self._held.callback(reader.close)
        reader.insert(CPS_SLOT, self.maker.card(profile))
        reader.insert(VITALE_SLOT, self.maker.card("vitale-single"))
        links = [self._held.enter_context(reader.link(slot)) for slot in (CPS_SLOT, VITALE_SLOT)]
        trust = self.authority.trust_store
        session = self._held.enter_context(CareSession(*links, trust=trust, today=self.today))
        session.present_pin(PIN)
        session.recognise()
        signer = CpsSigner(session.cps, [one.public_bytes(Encoding.DER) for one in trust.intermediates])
        self.box(address)
        return StagedOffice(name, address, session, signer)

    def _caisse(self, regime: str, caisse: str) -> StagedCaisse:
        issued = self.authority.issue_caisse(
            regime, caisse, not_before=self.now, key_source=lambda _bits: rsa.generate()
        )
        place = self.folder / f"caisse-{regime}{caisse}"
        place.mkdir(mode=0o700, parents=True)
        store = CaisseStore(open_engine(store_url("caisse.db", place), make=True))
        self._held.callback(store.close)
        address = caisse_address(regime, caisse)
        identity = CaisseIdentity(
            f"Caisse d'essai {regime}{caisse}",
            frozenset({regime + caisse}),
            address,
            issued.key,
            issued.certificate,
            KeySigner(issued.key, issued.certificate, issued.chain),
        )
        trust = Authority.open(self.authority.directory).trust_store
        return StagedCaisse(
            Caisse(store, identity, Examiner(trust), clock=lambda: self.now), self.box(address), issued
        )

    def close(self) -> None:
        """Give cards and stores back."""
        self._held.close()

    def __enter__(self) -> "ServicesStage":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
