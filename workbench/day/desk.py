"""The doctor's desk: the CPS stays in its slot, each family brings its carte Vitale, and every sheet is signed by both."""

from contextlib import ExitStack
from datetime import date
from typing import TYPE_CHECKING, Final, Self

from bifente.workbench.cards.maker import PIN, CardMaker
from bifente.workbench.day.patients import PatientFamily, Visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from bifente.fse.sheet.lotsigner import CpsSigner
    from bifente.fse.sheet.session import CareSession

DOCTOR: Final = "gp"
"""The shipped profile of the doctor's card."""


class DoctorsDesk:
    """Cards of one authority in a two-slot reader. *steps* are those done before, and all of them, for *told*."""

    def __init__(
        self,
        maker: CardMaker,
        made: list[PatientFamily],
        coming: list[Visit],
        today: date,
        *,
        told: "Callable[[int, int, str], None] | None" = None,
        steps: tuple[int, int] = (0, 0),
    ) -> None:
        from bifente.applets import card_of
        from bifente.applets.perso import parse_profile, personalise
        from bifente.applets.store.stores import MemoryStore
        from bifente.documents.yamltext import write_yaml
        from bifente.fse.tariff.tables import Tables
        from bifente.reader import CPS_SLOT, TwoSlotReader

        self.coming = coming
        self.today = today
        self.names: dict[int, str] = {}
        self._maker = maker
        self._tables = Tables.shipped()
        self._vitales = []
        for number, family in enumerate(made):
            profile = parse_profile(write_yaml(family.profile), f"family {number + 1}")
            records = personalise(profile, maker.authority, today=today)
            self._vitales.append(card_of(MemoryStore(records), profile.kind))
            if told is not None:
                told(steps[0] + number + 1, steps[1], f"carte Vitale {number + 1}")
        self._reader = TwoSlotReader()
        self._reader.insert(CPS_SLOT, maker.card(DOCTOR))
        self._held = ExitStack()

    def sheet(self, visit: Visit, number: int) -> bytes:
        """The signed sheet of a visit. Raises what cards and sheets raise."""
        from bifente.fse.sheet.acts import ThirdParty
        from bifente.fse.sheet.model import BillingSituation
        from bifente.workbench.sheets.pricing import nature_of, price_acts
        from bifente.workbench.sheets.written import WrittenSheet

        with self._session(visit.family) as session:
            session.recognise()
            rights, _ = session.rights_at(self.today, visit.beneficiary)
            groups = session.professional()
            situation = BillingSituation.of(next(group for group in groups if group.id == 2))
            written = WrittenSheet(pathway=visit.pathway).with_acts((visit.act,))
            paid = ThirdParty(amo=visit.third_party)
            acts = price_acts(written, self.today, situation, rights, paid, self._tables).acts
            sheet = session.draw_up(
                acts,
                number=number,
                care_date=self.today,
                beneficiary=visit.beneficiary,
                nature=nature_of(written),
                pathway=visit.pathway,
                third_party=paid,
            )
            who = sheet.rights.beneficiary
            self.names[number] = f"{who.given_name} {who.usual_name}"
            return session.sign(sheet)

    def lot_signer(self) -> "CpsSigner":
        """The CPS, ready to sign lots: it needs no carte Vitale, and the PIN."""
        from cryptography.hazmat.primitives.serialization import Encoding

        from bifente.fse.sheet.lotsigner import CpsSigner
        from bifente.reader import CPS_SLOT
        from bifente.terminal import CpsSession

        trust = self._maker.authority.trust_store
        self._held.close()
        session = CpsSession(self._held.enter_context(self._reader.link(CPS_SLOT)))
        session.verify_pin(PIN)
        return CpsSigner(session, [one.public_bytes(Encoding.DER) for one in trust.intermediates])

    def _session(self, family: int) -> "CareSession":
        from bifente.fse.sheet.session import CareSession
        from bifente.reader import CPS_SLOT, VITALE_SLOT

        self._held.close()
        if self._reader.card(VITALE_SLOT) is not None:
            self._reader.remove(VITALE_SLOT)
        self._reader.insert(VITALE_SLOT, self._vitales[family])
        links = [self._held.enter_context(self._reader.link(slot)) for slot in (CPS_SLOT, VITALE_SLOT)]
        session = CareSession(*links, trust=self._maker.authority.trust_store, today=self.today)
        session.present_pin(PIN)
        return session

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()
        self._reader.close()
