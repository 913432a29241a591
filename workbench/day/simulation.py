"""The day itself, and those after it: the surgery and the caisses meet in nothing but mails.

Cards, signatures, stores, B2 files, envelopes and returns are what they are everywhere; only the clock is simulated. Each step is
told by its moment, so that a seed repeats a day: who comes, what is done, what goes wrong.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bifente.fse.scale import SerialEngine
from bifente.workbench.day.desk import DoctorsDesk
from bifente.workbench.day.patients import families, visits
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from bifente.fse.cabinet import Cabinet, CabinetSheet, WorkingDays
    from bifente.fse.cabinet.inbox import Opening
    from bifente.fse.cabinet.outbox import CabinetSender
    from bifente.fse.caisse.centre import Caisse
    from bifente.fse.post import Post
    from bifente.fse.scale import Engine
    from bifente.igc import Authority

Told = Callable[[int, int, str], None]
"""Told how many steps are done, of how many, and which one it was."""

MOST_PATIENTS: Final = 400
_REGIME: Final = "01"
_OPENS: Final = time(8, 0)
_SENDS: Final = time(19, 0)
_JUDGED: Final = time(20, 30)
_LOOKS: Final = time(8, 30)
_LAST_DAY: Final = 15
"""Working days after which a day that has not ended is given up: a payment that never comes."""
_SETTLED_AFTER: Final = 5
"""Working days from reception to payment: longer than silence is borne, so that a lost ARL leads to a retransmission."""
_SHEETS_OF_A_LOT: Final = 4
"""Small lots, each in a file of its own: a day has several, and what happens to one does not happen to all."""

RULES: Final = """\
seed: {seed}
rules:
  - {{nth: 2, do: lose}}
  - {{nth: 3, times: 1, do: refuse, code: L13}}
  - {{nth: 5, times: 2, do: reject, code: "0250050"}}
"""
"""What goes wrong at each caisse unless the caller says otherwise."""


@dataclass(slots=True)
class SimulatedClock:
    """A clock that stands until it is told to go on. Moments are UTC."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def to(self, day: date, at: time) -> None:
        """Go on to a moment, never back."""
        self.now = max(self.now, datetime.combine(day, at, UTC))


@dataclass(frozen=True, slots=True)
class SheetStory:
    """What happened to one sheet: moments (UTC) with the state that began then, in order."""

    number: int
    patient: str
    amount: int
    caisse: str
    replaces: int | None
    states: tuple[tuple[datetime, str], ...]
    paid: int | None

    @property
    def last(self) -> str:
        """The state it ended in."""
        return self.states[-1][1]


@dataclass(frozen=True, slots=True)
class DayReport:
    """A day that is over. Amounts are euro cents; ``counts`` are sheets that were ever in a state, by state."""

    day: date
    until: date
    patients: int
    seed: int
    stories: tuple[SheetStory, ...]
    counts: dict[str, int]
    charged: int
    paid: int
    lots: int
    mails: int
    kept: tuple[Path, ...] = ()


def simulate(
    folder: Path,
    *,
    patients: int,
    seed: int,
    day: date | None = None,
    rules: Path | None = None,
    calm: bool = False,
    authority: "Authority | None" = None,
    told: Told | None = None,
    engine: "Engine | None" = None,
) -> DayReport:
    """A day with *patients* in *folder*, which is made if need be and keeps stores, mails and cards' traces of nothing else.

    *day* is the next working day when None. *engine* makes the sheets, this process when None. *rules* take the place of :data:`RULES` at every caisse; *calm*: nothing goes wrong.
    Raises WorkbenchError, and what sheets, stores and posts raise.
    """
    if not 1 <= patients <= MOST_PATIENTS:
        raise WorkbenchError(f"{patients} patients: 1 to {MOST_PATIENTS} come on a day", "usage")
    with ExitStack() as held:
        surgery = _Surgery.opened(
            held,
            folder,
            patients,
            seed,
            day,
            rules=rules,
            calm=calm,
            authority=authority,
            told=told,
            engine=engine or SerialEngine(),
        )
        surgery.consult()
        surgery.evening(surgery.today)
        until = surgery.follow()
        return surgery.report(until, patients, seed)


@dataclass(slots=True)
class _Surgery:
    """One surgery, the caisses of its patients, and the post between them."""

    folder: Path
    today: date
    clock: SimulatedClock
    cabinet: "Cabinet"
    post: "Post"
    caisses: "list[tuple[Caisse, Post]]"
    sender: "CabinetSender"
    opening: "Opening"
    desk: "DoctorsDesk"
    engine: "Engine"
    seed: int
    told: Told | None
    steps: int
    done: int = 0
    mails: int = 0

    @classmethod
    def opened(
        cls,
        held: ExitStack,
        folder: Path,
        patients: int,
        seed: int,
        day: date | None,
        *,
        rules: Path | None,
        calm: bool,
        authority: "Authority | None",
        told: Told | None,
        engine: "Engine",
    ) -> "_Surgery":
        from bifente.documents import make_folder, new_file
        from bifente.fse.cabinet import Cabinet, WorkingDays
        from bifente.fse.cabinet.caisses import CertificateBook
        from bifente.fse.cabinet.inbox import Opening
        from bifente.fse.cabinet.outbox import CabinetSender
        from bifente.fse.post import MaildirPost
        from bifente.igc import Authority
        from bifente.workbench.caisse import at_work, make_caisse
        from bifente.workbench.cards.maker import CardMaker

        days = WorkingDays()
        today = day or next_working_day(days, date.today())
        chance = random.Random(seed)  # noqa: S311 - who comes, not a key
        made = families(patients, chance, today)
        coming = visits(made, chance)
        codes = sorted({_REGIME + str(family.profile["assure"]["caisse"]) for family in made})
        steps = len(made) + len(codes) + len(coming)
        maker = CardMaker(authority, today=today)
        make_folder(folder, 0o700)
        clock = SimulatedClock(datetime.combine(today, _OPENS, UTC))
        mail = folder / "mail"
        caisses = []
        for number, code in enumerate(codes):
            place = folder / f"caisse-{code}"
            make_caisse(
                place,
                (code,),
                name=f"Caisse d'essai {code}",
                maildir=mail,
                authority=maker.authority.directory,
                now=clock(),
            )
            if rules is None and not calm:
                new_file(folder / f"rules-{code}.yaml", RULES.format(seed=seed + number).encode())
            chosen = None if calm else rules or folder / f"rules-{code}.yaml"
            caisse, post = held.enter_context(at_work(place, rules=chosen, clock=clock))
            caisse.policy = replace(caisse.policy, settle_after=_SETTLED_AFTER)
            caisses.append((caisse, post))
            if told is not None:
                told(number + 1, steps, f"caisse {code}")
        cabinet = held.enter_context(Cabinet.create(folder / "cabinet.db", clock=clock, days=days))
        # Opened anew: the first caisse that is certified gives the authority a chain for organisations.
        trust = Authority.open(maker.authority.directory).trust_store
        book = CertificateBook(
            [certificate for code in codes for certificate in _certificates(folder / f"caisse-{code}")], trust
        )
        return cls(
            folder,
            today,
            clock,
            cabinet,
            MaildirPost(mail, "cabinet@ps.rss.test"),
            caisses,
            CabinetSender("cabinet@ps.rss.test", book),
            Opening(trust),
            held.enter_context(DoctorsDesk(maker, made, coming, today, told=told, steps=(len(codes), steps))),
            engine,
            seed,
            told,
            steps,
            len(codes) + len(made),
        )

    def _step(self, what: str) -> None:
        self.done += 1
        if self.told is not None:
            self.told(min(self.done, self.steps), self.steps, what)

    # -- the day

    def consult(self) -> None:
        """Everybody who comes: rights, acts, prices, both signatures, and the sheet in the store."""
        for visit, made in zip(self.desk.coming, self.desk.sheets(self.engine, self.seed), strict=True):
            self.clock.now = datetime.combine(self.today, _OPENS, UTC) + timedelta(minutes=visit.minute)
            self.cabinet.keep(made.signed, trust=self.opening.trust)
            self._step(f"patient {made.number}")

    def evening(self, day: date) -> None:
        """Lots are signed and sent, and judged when the caisses come to them."""
        from bifente.fse.lots.grouping import LotLimits

        self.clock.to(day, _SENDS)
        self.cabinet.make_lots(self.desk.lot_signer(), limits=LotLimits(invoices=_SHEETS_OF_A_LOT, lots=1))
        self._sent(self.cabinet.send(self.post, self.sender))
        self.clock.to(day, _JUDGED)
        for caisse, post in self.caisses:
            caisse.receive(post)
            caisse.settle(day, post)

    def follow(self) -> date:
        """The days after it, until nothing is waited for; the last of them."""
        day = self.today
        for _ in range(_LAST_DAY):
            day = self.cabinet.days.after(day, 1)
            self.clock.to(day, _LOOKS)
            self._collect()
            if not self._open():
                return day
            self._mend()
            self._sent(self.cabinet.retransmit(self.post, self.sender))
            self.evening(day)
        return day

    def _collect(self) -> None:
        for mail in self.cabinet.collect(self.post, self.opening):
            self.mails += 1
            if mail.kind == "aside":
                raise WorkbenchError(f"a mail was set aside: {'; '.join(mail.words)}", "input")

    def _mend(self) -> None:
        """What a person does in the morning: refused lots are made anew, rejected invoices go again under a new number."""
        from bifente.fse.cabinet import LotState, SheetState

        for lot in self.cabinet.lots(state=LotState.REFUSED, limit=1000):
            self.cabinet.release(lot.id, "refused by the caisse: made anew")
        for sheet in self.cabinet.sheets(state=SheetState.REJECTED, limit=1000):
            self.cabinet.replace_rejected(sheet.id)

    def _open(self) -> bool:
        """Whether anything is still waited for: an answer, or the payment of a third party."""
        from bifente.fse.cabinet import SheetState

        over = {SheetState.PAID, SheetState.PARTLY_PAID, SheetState.REPLACED, SheetState.WITHDRAWN}
        return any(
            sheet.state not in over and not (sheet.state is SheetState.ACKNOWLEDGED and not sheet.third_party)
            for sheet in self._sheets()
        )

    def _sheets(self) -> "Iterator[CabinetSheet]":
        after = 0
        while page := self.cabinet.sheets(after=after, limit=500):
            yield from page
            after = page[-1].id

    def _sent(self, report: object) -> None:
        failed = getattr(report, "failed")  # noqa: B009 - a report of the cabinet, whose type is loaded late
        if failed:
            raise failed[0][1]

    # -- afterwards

    def report(self, until: date, patients: int, seed: int) -> DayReport:
        """What became of everything."""
        sheets = list(self._sheets())
        begun: dict[int, list[tuple[datetime, str]]] = {sheet.id: [] for sheet in sheets}
        after = 0
        while lines := self.cabinet.events(after=after, limit=1000):
            for line in lines:
                if line.subject == "sheet" and line.after is not None:
                    begun[line.subject_id].append((datetime.fromisoformat(line.at), line.after))
            after = lines[-1].seq
        numbers = {sheet.id: sheet.number for sheet in sheets}
        stories = tuple(
            SheetStory(
                sheet.number,
                self.desk.names.get(numbers.get(_first(sheet, sheets), sheet.number), ""),
                sheet.amount,
                sheet.regime + sheet.caisse,
                numbers.get(sheet.replaces) if sheet.replaces is not None else None,
                tuple(begun[sheet.id]),
                sheet.paid,
            )
            for sheet in sheets
        )
        counts: dict[str, int] = {}
        for story in stories:
            for state in dict.fromkeys(state for _, state in story.states):
                counts[state] = counts.get(state, 0) + 1
        return DayReport(
            self.today,
            until,
            patients,
            seed,
            stories,
            counts,
            sum(story.amount for story in stories if story.replaces is None),
            sum(story.paid or 0 for story in stories),
            len(self.cabinet.lots(limit=1000)),
            self.mails,
        )


def _first(sheet: "CabinetSheet", sheets: "list[CabinetSheet]") -> int:
    """The id of the sheet whose place it takes in the end."""
    by_id = {one.id: one for one in sheets}
    while sheet.replaces is not None and sheet.replaces in by_id:
        sheet = by_id[sheet.replaces]
    return sheet.id


def next_working_day(days: "WorkingDays", today: date) -> date:
    """The first working day after *today*."""
    return days.after(today, 1)


def _certificates(folder: Path) -> "list[Certificate]":
    from cryptography import x509

    from bifente.documents import read_bytes
    from bifente.workbench.caisses import CERTIFICATE

    return x509.load_pem_x509_certificates(read_bytes(folder / CERTIFICATE, 1 << 16))
