"""The doctor's desk: the CPS stays in its slot, each family brings its carte Vitale, and every sheet is signed by both."""

from contextlib import ExitStack
from datetime import date
from typing import TYPE_CHECKING, Final, Self

from bifente.workbench.cards.maker import PIN, CardMaker
from bifente.workbench.day.patients import PatientFamily, Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bifente.fse.scale import Engine
    from bifente.fse.sheet.lotsigner import CpsSigner
    from bifente.workbench.day.making import MadeVisit

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
        from bifente.applets.perso import parse_profile, personalise
        from bifente.documents.yamltext import write_yaml
        from bifente.reader import CPS_SLOT, TwoSlotReader

        self.coming = coming
        self.today = today
        self.names: dict[int, str] = {}
        self._maker = maker
        self._vitales: list[dict[str, bytes]] = []
        for number, family in enumerate(made):
            profile = parse_profile(write_yaml(family.profile), f"family {number + 1}")
            self._vitales.append(personalise(profile, maker.authority, today=today))
            if told is not None:
                told(steps[0] + number + 1, steps[1], f"carte Vitale {number + 1}")
        self._reader = TwoSlotReader()
        self._reader.insert(CPS_SLOT, maker.card(DOCTOR))
        self._held = ExitStack()

    def sheets(self, engine: "Engine", seed: int) -> "Iterator[MadeVisit]":
        """The signed sheets of the day, in the order of the visits, made wherever *engine* makes them.

        The cards' challenges come from *seed*: with the same cards and the same seed the sheets are the same to the byte. Raises what
        cards and sheets raise, ScaleError.
        """
        from bifente.workbench.day.making import SheetTask, TrustBytes, make_visit

        trust = TrustBytes.of(self._maker.authority.trust_store)
        doctor = self._maker.records(DOCTOR)[1]
        tasks = [
            SheetTask(number, visit, seed, self.today, doctor, self._vitales[visit.family], trust)
            for number, visit in enumerate(self.coming, 1)
        ]
        for made in engine.map(make_visit, tasks):
            self.names[made.number] = made.patient
            yield made

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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()
        self._reader.close()
