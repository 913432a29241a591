"""The process that answers the libraries: the reader with its cards, the socket, who is trusted."""

import logging
import os
import secrets
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.igc.opposition import OpposedCps, OpposedVitale, OppositionList
from bifente.igc.register.opening import FILE
from bifente.igc.revocation import oppositions
from bifente.reader import CPS_SLOT, VITALE_SLOT
from bifente.reader.pcsclite.ownsocket import OwnSocket
from bifente.sesam.configuration import SesamConfiguration, configuration
from bifente.sesam.desk import CardDesk, NothingOpposed, Oppositions, ReaderClock
from bifente.sesam.server import SesamServer
from bifente.sesam.service import SesamService
from bifente.workbench.errors import WorkbenchError
from bifente.workbench.served.slots import Slots, Wrapper
from bifente.workbench.sesam.realslots import CPS_KIND, VITALE_KIND, real_slots
from bifente.workbench.sesam.slots import BenchSlot

if TYPE_CHECKING:
    from bifente.igc import Authority
    from bifente.sesam.invoicing import SyntheticInvoicing
    from bifente.sesam.journal import CallJournal
    from bifente.sesam.reading import CardReading

PLACE = "BIFENTE_SESAM"
TOKEN = "BIFENTE_SESAM_TOKEN"  # noqa: S105 - the name of a variable
"""The environment by which the libraries find the process."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SesamSettings:
    """How the calls are answered: values for LireConfig, sesam.ini, the authority, the clock."""

    values: Path | None = None
    sesam_ini: Path | None = None
    authority: "Authority | None" = None
    now: Callable[[], datetime] = datetime.now
    synthetic_invoicing: bool = False

    def configuration(self) -> SesamConfiguration:
        """What the files say. Raises SesamError."""
        return configuration(self.values, self.sesam_ini)


@contextmanager
def desk_of(
    slots: Slots,
    readers: Sequence[str],
    settings: SesamSettings,
    *,
    around: Sequence[Wrapper] = (),
    tell: Callable[[str], None] = _log.info,
) -> Iterator[CardDesk]:
    """The desk over the card files in *slots*, and the cards in the PC/SC readers called *readers* where there is no file.

    Raises WorkbenchError, ReaderError, LinkError.
    """
    reader = slots.readers[0]
    cps, vitale = BenchSlot(reader, CPS_SLOT), BenchSlot(reader, VITALE_SLOT)
    authority = settings.authority
    opposed: Oppositions = NothingOpposed() if authority is None else ListedOppositions(authority)
    anchors = () if authority is None else authority.trust_store.cv_roots
    with ExitStack() as running:
        if readers:
            real = running.enter_context(real_slots(readers, around, tell))
            cps = cps if cps.state().present else real.get(CPS_KIND, cps)
            vitale = vitale if vitale.state().present else real.get(VITALE_KIND, vitale)
        yield CardDesk(cps, vitale, ReaderClock(settings.now), anchors, opposed)


class ListedOppositions:
    """The cards that an authority has opposed; read again when its register has changed."""

    def __init__(self, authority: "Authority") -> None:
        self._authority = authority
        self._seen: list[tuple[int, int]] | None = None
        register = authority.directory / FILE
        self._paths = (str(register), f"{register}-wal")
        self._list = OppositionList()

    @property
    def empty(self) -> bool:
        """No card is opposed."""
        listed = self._current()
        return not (listed.cps or listed.vitale)

    def professional(self, serial: str) -> bool:
        """Whether a CPS is opposed."""
        return self._current().of(OpposedCps, serial) is not None

    def insured(self, serial: str) -> bool:
        """Whether a carte Vitale is opposed."""
        return self._current().of(OpposedVitale, serial) is not None

    def _current(self) -> OppositionList:
        """The list as it is now. Raises IgcError, OSError."""
        seen = [_stamp(path) for path in self._paths]
        if seen != self._seen:
            self._list = oppositions(self._authority)
            self._seen = seen
        return self._list


def _stamp(path: str) -> tuple[int, int]:
    """What changes with a file; zeros where there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def invoicing_of(settings: SesamSettings) -> "Callable[[CardReading], SyntheticInvoicing]":
    """Invoicing with the shipped tariff. Raises WorkbenchError without an authority."""
    from bifente.sesam.invoicing import SyntheticInvoicing
    from bifente.workbench.sesam.pricing import TariffPricing
    from bifente.workbench.tables import open_tables

    if settings.authority is None:
        raise WorkbenchError("there is no authority to trust yet", "input.no-authority-at-hand")
    trust, price = settings.authority.trust_store, TariffPricing(open_tables(None))
    return lambda reading: SyntheticInvoicing(reading, trust, price)


@contextmanager
def served(
    desk: CardDesk,
    settings: SesamSettings,
    path: Path | None,
    *,
    port: int | None = None,
    journal: "CallJournal | None" = None,
) -> Iterator[dict[str, str]]:
    """Answer on the Unix socket *path*, or on a loopback *port* (0: any): the environment that leads programs there.

    Raises SesamError, ServerRunning, SocketPathRefused, OSError.
    """
    invoicing = invoicing_of(settings) if settings.synthetic_invoicing else None
    service = SesamService(desk, settings.configuration(), journal=journal, invoicing=invoicing)
    with ExitStack() as running:
        if path is not None:
            own = OwnSocket(path)
            running.callback(own.close)
            running.enter_context(SesamServer(own.listening, service))
            yield {PLACE: str(path)}
            return
        listening = running.enter_context(socket.create_server(("127.0.0.1", port or 0)))
        token = secrets.token_hex(32)
        running.enter_context(SesamServer(listening, service, token=token))
        yield {PLACE: f"tcp:{listening.getsockname()[1]}", TOKEN: token}
