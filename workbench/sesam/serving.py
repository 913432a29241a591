"""The process that answers the libraries: the reader with its cards, the socket, who is trusted."""

import logging
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
from bifente.reader.pcsclite.ownsocket import OwnSocket
from bifente.sesam.configuration import SesamConfiguration, configuration
from bifente.sesam.desk import CardDesk, CardSlot, NothingOpposed, Oppositions, ReaderClock
from bifente.sesam.server import SesamServer
from bifente.sesam.service import SesamService
from bifente.workbench.sesam.slots import BenchSlot

if TYPE_CHECKING:
    from bifente.igc import Authority
    from bifente.sesam.journal import CallJournal

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

    def configuration(self) -> SesamConfiguration:
        """What the files say. Raises SesamError."""
        return configuration(self.values, self.sesam_ini)


def desk_of(cps: CardSlot, vitale: CardSlot, settings: SesamSettings) -> CardDesk:
    """The desk over two slots."""
    authority = settings.authority
    opposed: Oppositions = NothingOpposed() if authority is None else ListedOppositions(authority)
    anchors = () if authority is None else authority.trust_store.cv_roots
    return CardDesk(cps, vitale, ReaderClock(settings.now), anchors, opposed)


def slots_of(reader: TwoSlotReader) -> tuple[BenchSlot, BenchSlot]:
    """The slots of the CPS and of the Vitale in a two-slot reader."""
    return BenchSlot(reader, CPS_SLOT), BenchSlot(reader, VITALE_SLOT)


class ListedOppositions:
    """The list of opposed cards beside an authority, read anew for each question: it may be changed meanwhile."""

    def __init__(self, authority: "Authority") -> None:
        self._authority = authority

    def professional(self, serial: str) -> bool:
        """Whether a CPS is opposed."""
        from bifente.igc.opposition import OpposedCps
        from bifente.igc.revocation import opposed

        return opposed(self._authority, OpposedCps, serial) is not None

    def insured(self, serial: str) -> bool:
        """Whether a carte Vitale is opposed."""
        from bifente.igc.opposition import OpposedVitale
        from bifente.igc.revocation import opposed

        return opposed(self._authority, OpposedVitale, serial) is not None


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
    service = SesamService(desk, settings.configuration(), journal=journal)
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
