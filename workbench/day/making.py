"""One visit made into a signed sheet: all that it takes travels in its task, so that any process of any machine can do it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING

from bifente.workbench.cards.maker import PIN
from bifente.workbench.day.patients import Visit

if TYPE_CHECKING:
    from bifente.fse.tariff.tables import Tables
    from bifente.igc import TrustStore


@dataclass(frozen=True, slots=True)
class TrustBytes:
    """A trust store that can travel: certificates as DER, and a store with the CV roots only."""

    anchors: tuple[bytes, ...]
    intermediates: tuple[bytes, ...]
    cv_roots: "TrustStore"

    @classmethod
    def of(cls, trust: "TrustStore") -> "TrustBytes":
        """That of *trust*."""
        from cryptography.hazmat.primitives.serialization import Encoding

        from bifente.igc import TrustStore

        return cls(
            tuple(one.public_bytes(Encoding.DER) for one in trust.anchors),
            tuple(one.public_bytes(Encoding.DER) for one in trust.intermediates),
            TrustStore((), (), trust.cv_roots, trust.sheet_keys),
        )

    def store(self) -> "TrustStore":
        """The trust store again."""
        from cryptography import x509

        from bifente.igc import TrustStore

        return TrustStore(
            tuple(map(x509.load_der_x509_certificate, self.anchors)),
            tuple(map(x509.load_der_x509_certificate, self.intermediates)),
            self.cv_roots.cv_roots,
            self.cv_roots.sheet_keys,
        )


@dataclass(frozen=True, slots=True)
class SheetTask:
    """A visit, the records of both cards, and what their challenges come from."""

    number: int
    visit: Visit
    seed: int
    today: date
    doctor: Mapping[str, bytes]
    vitale: Mapping[str, bytes]
    trust: TrustBytes


@dataclass(frozen=True, slots=True)
class MadeVisit:
    """The signed sheet of a visit."""

    number: int
    patient: str
    signed: bytes


def make_visit(task: SheetTask) -> MadeVisit:
    """PIN, recognition, rights, price, both signatures: the same task gives the same bytes. Raises what cards and sheets raise."""
    from bifente.applets import card_of
    from bifente.applets.store.stores import MemoryStore
    from bifente.fse.sheet.acts import ThirdParty
    from bifente.fse.sheet.model import BillingSituation
    from bifente.fse.sheet.session import CareSession
    from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
    from bifente.workbench.sheets.pricing import nature_of, price_acts
    from bifente.workbench.sheets.written import WrittenSheet

    visit = task.visit
    with TwoSlotReader() as reader:
        for slot, records, kind in ((CPS_SLOT, task.doctor, "cps3"), (VITALE_SLOT, task.vitale, "vitale2")):
            random = seeded(f"{task.seed}/{task.number}/{kind}")
            reader.insert(slot, card_of(MemoryStore(dict(records)), kind, random=random))
        links = reader.link(CPS_SLOT), reader.link(VITALE_SLOT)
        with CareSession(*links, trust=task.trust.store(), today=task.today) as session:
            session.present_pin(PIN)
            session.recognise()
            rights, _ = session.rights_at(task.today, visit.beneficiary)
            groups = session.professional()
            situation = BillingSituation.of(next(group for group in groups if group.id == 2))
            written = WrittenSheet(pathway=visit.pathway).with_acts((visit.act,))
            paid = ThirdParty(amo=visit.third_party)
            sheet = session.draw_up(
                price_acts(written, task.today, situation, rights, paid, _tables()).acts,
                number=task.number,
                care_date=task.today,
                beneficiary=visit.beneficiary,
                nature=nature_of(written),
                pathway=visit.pathway,
                third_party=paid,
            )
            who = sheet.rights.beneficiary
            return MadeVisit(task.number, f"{who.given_name} {who.usual_name}", session.sign(sheet))


def seeded(seed: str) -> Callable[[int], bytes]:
    """A source of bytes that repeats itself: for cards of a demonstration, never for keys."""
    blocks = count()

    def random(size: int) -> bytes:
        found = b""
        while len(found) < size:
            found += sha256(f"{seed}/{next(blocks)}".encode()).digest()
        return found[:size]

    return random


@cache
def _tables() -> "Tables":
    from bifente.fse.tariff.tables import Tables

    return Tables.shipped()
