"""All calls of all processes: which function answers which, and what belongs to the process that has called."""

import logging
from collections.abc import Callable, Mapping
from itertools import count
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from bifente.sesam.caller import MOST_SGD_SESSIONS, CallerProcess
from bifente.sesam.calls import CALLS, CallDescription, Value
from bifente.sesam.codes import ReturnCode
from bifente.sesam.desk import CardDesk
from bifente.sesam.errors import CallFailed, WireBroken
from bifente.sesam.exclusivity import HIGHEST, Exclusivities
from bifente.sesam.galss import Galss
from bifente.sesam.journal import CallEnd, CallRecord, shown_groups, shown_parameters
from bifente.sesam.presence import VitalePresence
from bifente.sesam.reading import CardReading, moment_of, need_reader
from bifente.sesam.sgdsession import SgdSession
from bifente.sesam.wire import Question, build_answer, split_zones

if TYPE_CHECKING:
    from bifente.sesam.configuration import SesamConfiguration
    from bifente.sesam.invoicing import SyntheticInvoicing
    from bifente.sesam.journal import CallJournal

Fields = tuple[bytes, ...]
Handler = Callable[..., Fields]
"""Takes the process that calls and the parameters; gives the fields of the answer, or raises CallFailed."""

LARGEST_SESSION: Final = 16 << 20
_MOMENT: Final = "%Y%m%d%H%M"
_WITH_GROUPS: Final = tuple(
    f"{kind}_{what}" for kind in ("SSV", "SIS") for what in ("Lire", "Formater", "Traduire")
)
"""Calls that give a zone."""
_UNINITIALISED: Final = ("SSV_Init", "SIS_Init", "SGD_", "Hn_", "MICA_", "SRT_", "STS_")
"""Calls of these names need no SSV_InitLIB; neither do those of the GALSS."""

_log = logging.getLogger(__name__)


def _number(value: int) -> bytes:
    return value.to_bytes(4, "little")


class SesamService:
    """Answers the calls for one desk. May be used from several threads; a call may wait."""

    def __init__(
        self,
        desk: CardDesk,
        configuration: "SesamConfiguration",
        *,
        journal: "CallJournal | None" = None,
        invoicing: "Callable[[CardReading], SyntheticInvoicing] | None" = None,
    ) -> None:
        self._desk = desk
        self._configuration = configuration
        self._journal = journal
        self._config_zone = ("", b"")
        """Of the last minute that was asked for."""
        self._lock = Lock()
        self._numbers = count(1)
        self._callers: dict[tuple[int, int], CallerProcess] = {}
        exclusivities = Exclusivities()
        self._galss = Galss(desk, exclusivities, wait=configuration.pause)
        self._reading = CardReading(desk, exclusivities, wait=configuration.wait)
        self._presence = VitalePresence(desk, self._reading)
        self._invoicing = None if invoicing is None else invoicing(self._reading)
        self._handlers: Mapping[int, tuple[CallDescription, Handler, bool]] = {
            number: (
                call,
                handler,
                call.name.startswith(("SSV_", "SIS_")) and not call.name.startswith(_UNINITIALISED),
            )
            for number, call in CALLS.items()
            if (handler := self._handler(call.name)) is not None
        }

    def _handler(self, name: str) -> Handler | None:
        galss, presence = self._galss, self._presence
        known: dict[str, Handler] = {
            "OuvrirSession": galss.open_session,
            "FermerSession": galss.close_session,
            "DebutExclusivite": galss.begin_exclusivity,
            "FinExclusivite": galss.end_exclusivity,
            "EcritContexte": galss.write_context,
            "LitContexte": galss.read_context,
            "Echange": galss.exchange,
            "LireVersion": galss.version,
            "DonneNombreRessources": galss.resource_count,
            "DonneTableRessources": galss.resource_table,
            "SSV_InitLIB": self._init,
            "SSV_InitLIB2": self._init_with,
            "SSV_TermLIB": self._term,
            "SSV_LireConfig": lambda caller: (self._config(caller),),
            "SSV_LireCartePS": lambda caller, *given: (self._reading.professional_zone(caller, *given),),
            "SSV_LireDroitsVitale": lambda caller, *given: (self._reading.rights_zone(caller, *given),),
            "SSV_LireDateLecteur": self._read_clock,
            "SSV_MajDateLecteur": self._set_clock,
            "SIS_InitLIB": self._init,
            "SIS_TermLIB": self._term,
            "SIS_LireConfig": self._into_session(self._config),
            "SIS_LireCartePS": self._into_session(self._reading.professional_zone),
            "SIS_LireDroitsVitale": self._into_session(self._reading.rights_zone),
            "SIS_LireDateLecteur": self._read_clock,
            "SIS_MajDateLecteur": self._set_clock,
            "SGD_ReserverSession": self._reserve,
            "SGD_RedimensionnerBuffer": self._resize,
            "SGD_LibererSession": self._free,
            "SGD_AjouterGroupe": self._add_group,
            "SGD_AjouterChamp": self._add_field,
            "SGD_AjouterChampBin": self._add_field,
            "SGD_LireGroupeSuivant": lambda caller, session, group, occurrence: tuple(
                map(_number, self._sgd(caller, session).after(group, occurrence))
            ),
            "SGD_LireChamp": self._field,
            "SGD_LireChampBin": self._field,
            "Hn_Init": presence.init,
            "Hn_LectureVitaleDonneesIdentification": presence.identification,
            "Hn_Finir": lambda _caller: (),
            "MICA_Init": lambda _caller: (),
            "MICA_Terminer": lambda _caller: (),
            "MICA_LireVersion": presence.version,
            "MICA_ControlePresenceCarteVitale": presence.presence,
        }
        known |= self._invoicing_handlers()
        return known.get(name, None if name == "Hello" else _not_available)

    def _invoicing_handlers(self) -> dict[str, Handler]:
        """The calls of invoicing, where they were asked for; *make*, *mode* and their like are not looked at."""
        own = self._invoicing
        if own is None:
            return {}

        def sheet(
            caller: CallerProcess, ps: Any, reader: Any, pin: Any, _make: int, _mode: int, zone: Any
        ) -> bytes:
            return own.sheet_zone(caller, ps, reader, pin, zone)

        def lots(caller: CallerProcess, ps: Any, reader: Any, pin: Any, zones: Any) -> Fields:
            zone, made = own.lot_zone(caller, ps, reader, pin, split_zones(zones))
            return zone, _number(made)

        def lot(caller: CallerProcess, ps: Any, reader: Any, pin: Any, zone: Any) -> bytes:
            return own.lot_zone(caller, ps, reader, pin, [zone])[0]

        return {
            "SSV_FormaterFactures": lambda *given: (sheet(*given),),
            "SSV_FormaterLot": lots,
            "SSV_FormaterFichier": lambda _caller, zone: (own.file_zone(zone),),
            "SSV_TraduireFSE": lambda _caller, zone: (own.readable_zone(zone),),
            "SSV_TraduireARL": lambda _caller, zones: (own.arl_zone(split_zones(zones)),),
            "SIS_FormaterFactures": self._through_session(sheet),
            "SIS_FormaterLot": self._through_session(lot),
            "SIS_FormaterFichier": self._through_session(lambda _caller, zone: own.file_zone(zone)),
            "SIS_TraduireFSE": self._through_session(lambda _caller, zone: own.readable_zone(zone)),
        }

    # -- processes

    def arrived(self, key: tuple[int, int], name: str, *, initialised: bool) -> CallerProcess:
        """A connection of the process *key* is there."""
        with self._lock:
            caller = self._callers.get(key)
            if caller is None:
                caller = self._callers[key] = CallerProcess(key, name)
            caller.connections += 1
            caller.initialised = caller.initialised or initialised
            return caller

    def left(self, caller: CallerProcess) -> None:
        """A connection of that process is closed; with its last one all that it has open ends."""
        with self._lock:
            caller.connections -= 1
            if caller.connections:
                return
            del self._callers[caller.key]
        self._galss.forget(caller)

    @property
    def processes(self) -> int:
        """How many processes are connected."""
        return len(self._callers)

    # -- calls

    def answer(self, caller: CallerProcess, question: Question) -> bytes:
        """The answer to one question. Raises WireBroken for a call that there is not, or with other parameters."""
        found = self._handlers.get(question.call)
        if found is None:
            raise WireBroken(f"there is no call {question.call}")
        call, handler, needs_init = found
        values = call.values(question.fields)
        if self._journal is None:
            code, _, fields = self._called(caller, call, handler, values, needs_init=needs_init)
            return build_answer(code, fields)
        record = CallRecord(next(self._numbers), caller.name, call.name, shown_parameters(call, values))
        self._journal.began(record)
        start = perf_counter()
        code, why, fields = self._called(caller, call, handler, values, needs_init=needs_init)
        seconds = perf_counter() - start
        groups = self._groups_given(caller, call, values, fields) if code == ReturnCode.OK else ""
        self._journal.ended(CallEnd(record, code, why, groups, seconds))
        return build_answer(code, fields)

    def _called(
        self,
        caller: CallerProcess,
        call: CallDescription,
        handler: Handler,
        values: list[Value],
        *,
        needs_init: bool,
    ) -> tuple[int, str, Fields]:
        """Code, what is behind it, and the fields of the answer."""
        try:
            if needs_init and not caller.initialised:
                raise CallFailed(ReturnCode.NOT_INITIALISED, "SSV_InitLIB has not been called")
            return ReturnCode.OK, "", handler(caller, *values)
        except CallFailed as failed:
            if failed.code == ReturnCode.NOT_AVAILABLE:
                _log.warning("%s of %s: %s", call.name, caller.name, failed)
            return failed.code, str(failed), failed.fields
        except Exception:  # noqa: BLE001 - the caller gets a code, and the process goes on
            _log.exception("%s of %s failed", call.name, caller.name)
            return ReturnCode.INTERNAL, "a fault of bifente itself: see its log", ()

    def _groups_given(
        self, caller: CallerProcess, call: CallDescription, values: list[Value], fields: Fields
    ) -> str:
        """The groups that a call gave, in words."""
        if "Date" in call.name or not call.name.startswith(_WITH_GROUPS):
            return ""
        return shown_groups(fields[0] if fields else self._sgd(caller, values[-1]).zone())

    # -- SSV

    def _init(self, caller: CallerProcess) -> Fields:
        with caller.lock:
            if caller.initialised:
                raise CallFailed(ReturnCode.ALREADY_INITIALISED, "SSV_InitLIB was called before")
            caller.initialised = True
        return ()

    def _init_with(self, caller: CallerProcess, _sesam_ini: str | None) -> Fields:
        return self._init(caller)

    def _term(self, caller: CallerProcess) -> Fields:
        with caller.lock:
            caller.initialised = False
        return ()

    def _config(self, _caller: CallerProcess) -> bytes:
        moment = self._desk.clock.read().strftime(_MOMENT)
        before, zone = self._config_zone
        if before != moment:
            zone = self._configuration.zone(moment)
            self._config_zone = moment, zone
        return zone

    def _read_clock(self, _caller: CallerProcess, reader: str | None) -> Fields:
        need_reader(reader)
        return (self._desk.clock.read().strftime(_MOMENT).encode(),)

    def _set_clock(self, _caller: CallerProcess, reader: str | None, date: str | None) -> Fields:
        need_reader(reader)
        self._desk.clock.set(moment_of(date or ""))
        return ()

    def _into_session(self, zone_of: Callable[..., bytes]) -> Handler:
        """A call whose zone goes into a session of SGD, the last parameter; without one the cards are not asked."""

        def call(caller: CallerProcess, *given: Any) -> Fields:
            session = self._sgd(caller, given[-1])
            session.fill(zone_of(caller, *given[:-1]))
            return ()

        return call

    def _through_session(self, zone_of: Callable[..., bytes]) -> Handler:
        """As :meth:`_into_session`; what the session holds goes in as the last parameter."""

        def call(caller: CallerProcess, *given: Any) -> Fields:
            session = self._sgd(caller, given[-1])
            session.fill(zone_of(caller, *given[:-1], session.zone()))
            return ()

        return call

    # -- SGD

    def _reserve(self, caller: CallerProcess, size: int) -> Fields:
        if not 0 < size <= LARGEST_SESSION:
            raise CallFailed(ReturnCode.SGD_INPUT, f"a session has 1 to {LARGEST_SESSION} bytes")
        with caller.lock:
            if len(caller.sgd) >= MOST_SGD_SESSIONS:
                raise CallFailed(ReturnCode.SGD_NO_SESSION_LEFT, f"{MOST_SGD_SESSIONS} sessions are open")
            number = next(one for one in range(1, HIGHEST + 1) if one not in caller.sgd)
            caller.sgd[number] = SgdSession(size)
        return (_number(number),)

    def _resize(self, caller: CallerProcess, session: int, size: int) -> Fields:
        if not 0 < size <= LARGEST_SESSION:
            raise CallFailed(ReturnCode.SGD_INPUT, f"a session has 1 to {LARGEST_SESSION} bytes")
        self._sgd(caller, session).resize(size)
        return ()

    def _free(self, caller: CallerProcess, session: int) -> Fields:
        with caller.lock:
            if caller.sgd.pop(session, None) is None:
                raise CallFailed(ReturnCode.SGD_NO_SESSION, f"no session {session}")
        return ()

    def _add_group(self, caller: CallerProcess, session: int, group: int) -> Fields:
        self._sgd(caller, session).add_group(group)
        return ()

    def _add_field(self, caller: CallerProcess, session: int, content: bytes | None) -> Fields:
        self._sgd(caller, session).add_field(content)
        return ()

    def _field(self, caller: CallerProcess, session: int, group: int, occurrence: int, number: int) -> Fields:
        return (self._sgd(caller, session).field(group, occurrence, number),)

    @staticmethod
    def _sgd(caller: CallerProcess, session: object) -> SgdSession:
        found = caller.sgd.get(session) if isinstance(session, int) else None
        if found is None:
            raise CallFailed(ReturnCode.SGD_NO_SESSION, f"no session {session}")
        return found


def _not_available(_caller: CallerProcess, *_given: object) -> Fields:
    raise CallFailed(
        ReturnCode.NOT_AVAILABLE,
        "what this function does is not public enough to be imitated; see docs/sesam.md",
    )
