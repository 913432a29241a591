"""A desk for software that calls GALSS and SSV: cards of shipped profiles, served to libraries that were built once."""

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from issued import TODAY, authority, issued

from bifente.apdu.link import Card
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
from bifente.sesam.configuration import SesamConfiguration, configuration
from bifente.sesam.desk import CardDesk, ReaderClock
from bifente.sesam.journal import CallRecord
from bifente.sesam.server import SesamServer
from bifente.sesam.service import SesamService
from bifente.workbench.sesam.serving import ListedOppositions, slots_of

CLIENTS = Path(__file__).parents[1] / "sesam" / "clients"
NATIVE = Path(__file__).parents[2] / "sesam" / "native"
NOW = datetime.combine(TODAY, datetime.min.time()).replace(hour=10, minute=30)


@dataclass
class ServedDesk:
    """A reader with two cards and the service over it; ``records`` is what was called."""

    reader: TwoSlotReader
    service: SesamService
    desk: CardDesk
    records: list[CallRecord] = field(default_factory=list)

    @contextmanager
    def listening(self) -> Iterator[dict[str, str]]:
        """Serve on a socket: the environment that leads a program there."""
        with ExitStack() as running:
            folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="bifente-sesam-")))
            listening = running.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            listening.bind(str(folder / "s"))
            listening.listen(128)
            running.enter_context(SesamServer(listening, self.service))
            yield {"BIFENTE_SESAM": str(folder / "s")}


@contextmanager
def desk_with(
    cps: Card | None = None,
    vitale: Card | None = None,
    *,
    settings: SesamConfiguration | None = None,
    swapped: bool = False,
) -> Iterator[ServedDesk]:
    """A desk with those cards, by default a gp's and a family's; the wait for exclusivities is short."""
    slots = (VITALE_SLOT, CPS_SLOT) if swapped else (CPS_SLOT, VITALE_SLOT)
    with TwoSlotReader() as reader:
        reader.insert(slots[0], cps or issued("gp"))
        reader.insert(slots[1], vitale or issued("vitale-family"))
        desk = CardDesk(
            *slots_of(reader),
            ReaderClock(lambda: NOW),
            authority().trust_store.cv_roots,
            ListedOppositions(authority()),
        )
        records: list[CallRecord] = []
        quick = SesamConfiguration(configuration().groups, pause=0.05, attempts=4)
        service = SesamService(desk, settings or quick, journal=records.append)
        yield ServedDesk(reader, service, desk, records)


def run_client(
    program: Path, environment: dict[str, str], *arguments: str, seconds: float = 60
) -> "subprocess.CompletedProcess[str]":
    """Run a client to its end."""
    return subprocess.run(
        [str(program), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def compile_client(
    compiler: str, source: str, output: Path, libraries: Path, names: Sequence[str], *options: str
) -> Path:
    """A program of ``tests/sesam/clients``, linked with the libraries as a publisher's would be."""
    done = subprocess.run(
        [
            compiler,
            "-std=gnu11",
            "-Wall",
            "-Wextra",
            "-Werror",
            *options,
            f"-I{NATIVE}",
            str(CLIENTS / source),
            "-o",
            str(output),
            f"-L{libraries}",
            *(f"-l{name}" for name in names),
            "-pthread",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return output
