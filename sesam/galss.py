"""GALSS, the manager of access to the readers: sessions, exclusivities, contexts, exchanges (spec/ssv.md §2).

Sessions and exclusivities are the process's that has opened them and end with it. Levels of exclusivity: 1 the channel and 2
the reader, which here are the same, 3 the one logical device.
"""

import re
from threading import Lock
from typing import Final

from bifente.sesam.caller import CallerProcess
from bifente.sesam.codes import ReturnCode
from bifente.sesam.desk import CardDesk
from bifente.sesam.errors import CallFailed, absent_parameter
from bifente.sesam.exclusivity import HIGHEST, Exclusivities
from bifente.sesam.orders import OrderedSlot, ReaderReport
from bifente.sesam.resources import (
    ALL_LADS,
    CPS,
    LONGEST_APPLICATION,
    LONGEST_RESOURCE,
    RESOURCES,
    VITALE,
    ReaderResource,
    resource_called,
)
from bifente.slotted import dataclass

VERSION: Final = "3.10"
"""The version that answers: that of the GALSS which the public files speak of."""

COMPONENTS: Final = ((0, "0310"), (100, "0310"), (101, "0310"), (102, "0310"))
"""PSS, information, client, server."""

MOST_SESSIONS: Final = 256
"""Open at a time (ours: no public number)."""
LARGEST_CONTEXT: Final = 65535
_ANOTHER: Final = 3
_QUESTION: Final = re.compile(r"\s*(\d{1,5})\s*:\s*([123])\s*")
_SESSION, _RESOURCE = 1, 2


@dataclass(frozen=True, slots=True)
class GalssSession:
    """An open session: its number, whose, under which name, on which resource."""

    number: int
    caller: CallerProcess
    application: str
    resource: ReaderResource


def _number(value: int) -> bytes:
    return value.to_bytes(4, "little")


class Galss:
    """The server of one reader. Methods are the calls; they give what the caller gets, or raise CallFailed."""

    def __init__(self, desk: CardDesk, exclusivities: Exclusivities, *, wait: float) -> None:
        self.exclusivities = exclusivities
        self._wait = wait
        self._slots = {CPS: OrderedSlot(desk.cps, CPS), VITALE: OrderedSlot(desk.vitale, VITALE)}
        self._lock = Lock()
        self._sessions: dict[int, GalssSession] = {}
        self._contexts: dict[tuple[int, int], bytes] = {}
        self._last = 0

    def open_session(
        self, caller: CallerProcess, application: str | None, resource: str | None
    ) -> tuple[bytes, ...]:
        """OuvrirSession: the number of the session, and the logical device."""
        if application is None:
            raise absent_parameter("the name of the application")
        if not 1 <= len(application) <= LONGEST_APPLICATION:
            raise CallFailed(
                ReturnCode.PARAMETER, f"the name of an application has 1 to {LONGEST_APPLICATION} characters"
            )
        if resource is not None and len(resource) > LONGEST_RESOURCE:
            raise CallFailed(
                ReturnCode.PARAMETER, f"the name of a resource has at most {LONGEST_RESOURCE} characters"
            )
        found = resource_called(resource)
        with self._lock:
            for one in self._sessions.values():
                if one.application == application and one.resource is found:
                    raise CallFailed(
                        ReturnCode.ALREADY_OPEN, f"{application} has session {one.number} on {found.name}"
                    )
            number = self._free_number()
            self._sessions[number] = GalssSession(number, caller, application, found)
        return _number(number), _number(found.lad)

    def _free_number(self) -> int:
        if len(self._sessions) >= MOST_SESSIONS:
            raise CallFailed(ReturnCode.NO_NUMBER_LEFT, f"{MOST_SESSIONS} sessions are open")
        while True:
            self._last = self._last % HIGHEST + 1
            if self._last not in self._sessions:
                return self._last

    def close_session(self, caller: CallerProcess, number: int) -> tuple[bytes, ...]:
        """FermerSession: the number of the exclusivity that ends with the session, 0 without one."""
        with self._lock:
            session = self._session(caller, number)
            del self._sessions[number]
            self._contexts.pop((_SESSION, number), None)
            others = any(
                one.caller is caller and one.resource is session.resource for one in self._sessions.values()
            )
        held = 0 if others else self.exclusivities.held_by(caller, frozenset((session.resource.lad,)))
        if held:
            self.exclusivities.release(held, caller)
        return (_number(held),)

    def begin_exclusivity(self, caller: CallerProcess, question: str | None) -> tuple[bytes, ...]:
        """DebutExclusivite: number of the exclusivity. *question* is ``session:level``, or several with commas between."""
        if question is None:
            raise absent_parameter("the list of resources")
        lads: frozenset[int] = frozenset()
        first: GalssSession | None = None
        for part in re.split("[,;]", question):
            match = _QUESTION.fullmatch(part)
            if match is None:
                raise CallFailed(ReturnCode.PARAMETER, f"{question[:40]!r} is not session:level (1 to 3)")
            with self._lock:
                session = self._session(caller, int(match[1]))
            first = first or session
            lads |= frozenset((session.resource.lad,)) if int(match[2]) == _ANOTHER else ALL_LADS
        assert first is not None
        number = self.exclusivities.take(caller, first.application, first.resource.name, lads, self._wait)
        return _number(number), b"", b""

    def end_exclusivity(self, caller: CallerProcess, number: int) -> tuple[bytes, ...]:
        """FinExclusivite."""
        self.exclusivities.release(number, caller)
        return ()

    def write_context(
        self, caller: CallerProcess, place: int, number: int, context: bytes | None
    ) -> tuple[bytes, ...]:
        """EcritContexte: keep *context* at the session (1) or the resource (2); an empty one takes it away."""
        if context is None:
            raise absent_parameter("the context")
        with self._lock:
            where = self._place(caller, place, number)
            if context:
                self._contexts[where] = context
            else:
                self._contexts.pop(where, None)
        return ()

    def read_context(self, caller: CallerProcess, place: int, number: int, room: int) -> tuple[bytes, ...]:
        """LitContexte: its size, and the context."""
        with self._lock:
            context = self._contexts.get(self._place(caller, place, number))
        if context is None:
            raise CallFailed(ReturnCode.NO_CONTEXT, "no context is stored there")
        if len(context) > room:
            raise CallFailed(
                ReturnCode.SIZE,
                f"the context has {len(context)} bytes, there is room for {room}",
                _number(len(context)),
                b"",
            )
        return _number(len(context)), context

    def _place(self, caller: CallerProcess, place: int, number: int) -> tuple[int, int]:
        session = self._session(caller, number)
        if place == _SESSION:
            return _SESSION, number
        if place == _RESOURCE:
            return _RESOURCE, session.resource.lad
        raise CallFailed(
            ReturnCode.PARAMETER, f"a context stands at a session (1) or a resource (2), not {place}"
        )

    def exchange(
        self, caller: CallerProcess, number: int, _seconds: int, message: bytes | None, room: int
    ) -> tuple[bytes, ...]:
        """Echange: size of the answer, and the answer of the reader."""
        if message is None:
            raise absent_parameter("the message")
        with self._lock:
            session = self._session(caller, number)
        lad = session.resource.lad
        self.exclusivities.refuse_others(caller, lad)
        slot = self._slots.get(lad)
        if slot is None:
            answer = bytes((ReaderReport.NO_ORDER if message[:1] == b"\0" else ReaderReport.NO_APPLICATION,))
        else:
            answer = slot.exchange(message)
        if len(answer) > room:
            raise CallFailed(
                ReturnCode.SIZE,
                f"the answer has {len(answer)} bytes, there is room for {room}",
                _number(len(answer)),
                b"",
            )
        return _number(len(answer)), answer

    def version(self, _caller: CallerProcess) -> tuple[bytes, ...]:
        """LireVersion: that of the GALSS, and of its components."""
        return VERSION.encode(), b"".join(_number(kind) + text.encode() for kind, text in COMPONENTS)

    def resource_count(self, _caller: CallerProcess) -> tuple[bytes, ...]:
        """DonneNombreRessources."""
        return (_number(len(RESOURCES)),)

    def resource_table(self, _caller: CallerProcess) -> tuple[bytes, ...]:
        """DonneTableRessources."""
        return (b"".join(resource.row() for resource in RESOURCES),)

    def forget(self, caller: CallerProcess) -> None:
        """A process is gone: its sessions, their contexts and its exclusivities end."""
        with self._lock:
            for number in [one.number for one in self._sessions.values() if one.caller is caller]:
                del self._sessions[number]
                self._contexts.pop((_SESSION, number), None)
        self.exclusivities.release_all(caller)

    def _session(self, caller: CallerProcess, number: int) -> GalssSession:
        session = self._sessions.get(number)
        if session is None or session.caller is not caller:
            raise CallFailed(ReturnCode.NO_SESSION, f"this process has no session {number}")
        return session
