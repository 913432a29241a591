"""Reading both cards for the calls of SSV: the professional, and the rights under a mutual recognition.

What the terminal raises has a code of the interface already; this adds what only the calls know: the codes of an exclusivity,
of opposed cards, of a bénéficiaire with mutuelle and AMC at once, and of a date.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from typing import Final

from bifente.apdu.link import Link, LinkError
from bifente.sesam.caller import CallerProcess
from bifente.sesam.codes import ReturnCode
from bifente.sesam.desk import CardDesk
from bifente.sesam.errors import CallFailed, absent_parameter
from bifente.sesam.exclusivity import Exclusivities
from bifente.sesam.resources import CPS, VITALE, resource_called
from bifente.ssv.groups import Group
from bifente.ssv.people import people
from bifente.ssv.wire import encode
from bifente.terminal import (
    CardKind,
    CpsSession,
    Recognition,
    TerminalError,
    connect,
    patient_session,
    recognise,
)

BOTH_CARDS: Final = frozenset((CPS, VITALE))
_DATE: Final = re.compile(r"(\d{8})(\d{4})?(\d{2})?")


def refusal_of(error: TerminalError) -> CallFailed:
    """The terminal's error as the end of a call. Without a code of its own it is that of an unusable Vitale."""
    return CallFailed(error.ssv_code or ReturnCode.VITALE_UNUSABLE, str(error))


class CardReading:
    """The two cards of a desk, one call at a time in the order in which they come."""

    def __init__(self, desk: CardDesk, exclusivities: Exclusivities, *, wait: float) -> None:
        self._desk = desk
        self._exclusivities = exclusivities
        self._wait = wait

    @contextmanager
    def cards(self, caller: CallerProcess, lads: frozenset[int] = BOTH_CARDS) -> Iterator[None]:
        """Both slots for this call alone. Raises HeldExclusively after the wait; terminal's errors become CallFailed."""
        with self._exclusivities.during(caller, "SSV", "CPS", lads, self._wait):
            try:
                yield
            except TerminalError as error:
                raise refusal_of(error) from error
            except LinkError as error:
                raise CallFailed(ReturnCode.TIMEOUT, str(error)) from error

    @contextmanager
    def professional(self, pin: str | None) -> Iterator[CpsSession]:
        """A session with the CPS that has been shown *pin*; an empty one will do where the PIN is proven already."""
        with linked(self._desk.cps.link, CardKind.CPS) as link:
            session = CpsSession(link)
            self._refuse_opposed_cps(session)
            if pin:
                session.verify_pin(pin.encode("latin-1"))
            elif not session.pin_status().verified:
                raise CallFailed(
                    ReturnCode.WRONG_PIN, "no code porteur was given, and none is proven: no try is lost"
                )
            yield session

    @contextmanager
    def recognised(self, pin: str | None, day: date) -> Iterator[Recognition]:
        """Both cards, recognised as of *day*; closed at the end."""
        with (
            self.professional(pin) as cps,
            linked(self._desk.vitale.link, CardKind.VITALE) as link,
        ):
            vitale = patient_session(link)
            if not self._desk.opposed.empty and self._desk.opposed.insured(vitale.serial()):
                raise CallFailed(ReturnCode.VITALE_UNUSABLE, f"the Vitale {vitale.serial()} is opposed")
            with recognise(cps, vitale, date=day, anchors=self._desk.anchors) as recognition:
                yield recognition

    def professional_zone(
        self, caller: CallerProcess, ps: str | None, reader: str | None, pin: str | None
    ) -> bytes:
        """LireCartePS: groups 1 and 2."""
        need_resources(ps, reader)
        with self.cards(caller, frozenset((CPS,))), self.professional(pin) as session:
            groups = session.professional()
        need_billing(groups)
        return encode(groups)

    def rights_zone(
        self, caller: CallerProcess, ps: str | None, reader: str | None, pin: str | None, day: str | None
    ) -> bytes:
        """LireDroitsVitale: groups 101 to 111."""
        need_resources(ps, reader)
        consulted = self.day_of(day)
        with self.cards(caller), self.recognised(pin, consulted) as recognition:
            groups = recognition.vitale.rights()
        need_one_complementary(groups)
        return encode(groups)

    def day_of(self, text: str | None) -> date:
        """The day that AAAAMMJJ, with or without hour, says; empty is the reader's. Raises CallFailed (4000)."""
        if not text or not text.strip("0 "):
            return self._desk.clock.read().date()
        return moment_of(text).date()

    def _refuse_opposed_cps(self, session: CpsSession) -> None:
        if self._desk.opposed.empty:
            return
        serial = session.serial()
        if self._desk.opposed.professional(serial):
            raise CallFailed(ReturnCode.CPS_UNUSABLE, f"the CPS {serial} is opposed")


def moment_of(text: str) -> datetime:
    """AAAAMMJJ[HHMM[SS]] as date and time. Raises CallFailed (4000)."""
    match = _DATE.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError
        return datetime.strptime(match[1] + (match[2] or "0000"), "%Y%m%d%H%M")
    except ValueError:
        raise CallFailed(
            ReturnCode.PARAMETER, f"{text[:20]!r} is not a date AAAAMMJJ or AAAAMMJJHHMM"
        ) from None


def need_resources(ps: str | None, reader: str | None) -> None:
    """Raise CallFailed (F101) unless *ps* names the resource of the CPS and *reader* one of the same reader."""
    if resource_called(ps, ReturnCode.UNKNOWN_RESOURCE).lad != CPS:
        raise CallFailed(ReturnCode.UNKNOWN_RESOURCE, f"{ps!r} is not the resource of the CPS")
    resource_called(reader, ReturnCode.UNKNOWN_RESOURCE)


def need_reader(reader: str | None) -> None:
    """Raise CallFailed unless *reader* names a resource."""
    if reader is None:
        raise absent_parameter("the name of the reader")
    resource_called(reader, ReturnCode.UNKNOWN_RESOURCE)


def need_billing(groups: Sequence[Group]) -> None:
    """Raise CallFailed (F004) for a CPS without *situation de facturation*: without the domain of the assurance maladie."""
    if not any(group.id == 2 for group in groups):
        raise CallFailed(
            ReturnCode.CPS_UNUSABLE,
            "the CPS has no situation de facturation: it is not for the assurance maladie",
        )


def need_one_complementary(groups: Sequence[Group]) -> None:
    """Raise CallFailed (F0F0) for a bénéficiaire with both mutuelle (107) and AMC (109)."""
    for person in people(groups):
        if person.of(107) and person.of(109):
            raise CallFailed(
                ReturnCode.MUTUELLE_AND_AMC, f"bénéficiaire {person.number} has a mutuelle and an AMC at once"
            )


@contextmanager
def linked(open_link: Callable[[], Link], card: CardKind) -> Iterator[Link]:
    """A link while the block runs; its failure to come about is the terminal's error."""
    link = connect(open_link, card)
    try:
        yield link
    finally:
        with suppress(LinkError):
            link.close()
