"""A desk for software that calls GALSS and SSV: cards of shipped profiles, served to libraries that were built once."""

import os
import re
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
from bifente.igc import Authority
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
from bifente.sesam.configuration import SesamConfiguration, configuration
from bifente.sesam.desk import CardDesk, ReaderClock
from bifente.sesam.journal import CallEnd, CallRecord
from bifente.sesam.server import SesamServer
from bifente.sesam.service import SesamService
from bifente.workbench.sesam.serving import ListedOppositions, SesamSettings, invoicing_of
from bifente.workbench.sesam.slots import BenchSlot

CLIENTS = Path(__file__).parents[1] / "sesam" / "clients"
NATIVE = Path(__file__).parents[2] / "sesam" / "native"
NOW = datetime.combine(TODAY, datetime.min.time()).replace(hour=10, minute=30)


class Kept:
    """A journal that is kept."""

    def __init__(self) -> None:
        self.ends: list[CallEnd] = []

    def began(self, _call: CallRecord) -> None:
        """Nothing is done with it."""

    def ended(self, end: CallEnd) -> None:
        """Keep it."""
        self.ends.append(end)


@dataclass
class ServedDesk:
    """A reader with two cards and the service over it; ``records`` is what was called."""

    reader: TwoSlotReader
    service: SesamService
    desk: CardDesk
    records: list[CallEnd] = field(default_factory=list)

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
    invoicing: bool = False,
) -> Iterator[ServedDesk]:
    """A desk with those cards, by default a gp's and a family's; the wait for exclusivities is short."""
    slots = (VITALE_SLOT, CPS_SLOT) if swapped else (CPS_SLOT, VITALE_SLOT)
    with TwoSlotReader() as reader:
        reader.insert(slots[0], cps or issued("gp"))
        reader.insert(slots[1], vitale or issued("vitale-family"))
        desk = CardDesk(
            BenchSlot(reader, CPS_SLOT),
            BenchSlot(reader, VITALE_SLOT),
            ReaderClock(lambda: NOW),
            authority().trust_store.cv_roots,
            ListedOppositions(authority()),
        )
        journal = Kept()
        quick = SesamConfiguration(configuration().groups, pause=0.05, attempts=4)
        made = (
            invoicing_of(SesamSettings(authority=Authority.open(authority().directory)))
            if invoicing
            else None
        )
        service = SesamService(desk, settings or quick, journal=journal, invoicing=made)
        yield ServedDesk(reader, service, desk, journal.ends)


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
    draft = output.with_name(f"{output.name}.{os.getpid()}")  # several workers may make it at once
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
            str(draft),
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
    return draft.replace(output)


EVERY_LIBRARY = (
    "ssvlux64",
    "sgdlux64",
    "galcllux",
    "galinlux",
    "srtlux64",
    "stslux64",
    "api_lec64",
    "mica64",
)


class Speaker:
    """A C program that makes the calls it is told, line by line: ``speaker("OuvrirSession APP CPS")`` is what it says."""

    def __init__(self, program: Path, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [str(program)],
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, line: str) -> list[str]:
        """The words of the answer, the code first."""
        self.send(line)
        return self.receive()

    def send(self, line: str) -> None:
        """Tell it a call, and do not wait."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def receive(self) -> list[str]:
        """The next answer."""
        assert self.process.stdout is not None
        answer = self.process.stdout.readline()
        if not answer:
            assert self.process.stderr is not None
            raise AssertionError(f"the client ended: {self.process.wait(10)} {self.process.stderr.read()}")
        return answer.rstrip("\n").split(" ")

    def end(self) -> int:
        """Let it end; its exit code."""
        _, errors = self.process.communicate(timeout=30)
        assert not errors, errors
        return self.process.returncode

    def kill(self) -> None:
        """Kill it, wherever it is."""
        self.process.kill()
        self.process.communicate(timeout=30)

    def __enter__(self) -> "Speaker":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()


INVOICING = (
    "SSV_FormaterFactures CPS TRANSPA2 1234 49 51 AA",
    "SSV_FormaterLot CPS TRANSPA2 1234 AA",
    "SSV_FormaterFichier AA",
    "SSV_TraduireFSE AA",
    "SSV_TraduireARL AA",
    "SSV_SecuriserFacture CPS TRANSPA2 1234 1 000000001 AA",
    "SSV_IdentifierTLA TRANSPA2 1",
    "SSV_ChargerFacturesPdT TRANSPA2 1 AA",
    "SSV_DechargerFacturesPdT CPS TRANSPA2 1234 1 AA",
    "SSV_DechargerFSETLA CPS TRANSPA2 1234 1",
    "SSV_DechargerBeneficiaires CPS TRANSPA2 1234 1",
    "SSV_EffacerTLA CPS TRANSPA2 1234 1 1",
    "SSV_ChargerAppli TRANSPA2 AA",
    "SSV_ChargerDonneesTLA TRANSPA2 AA",
    "SIS_FormaterFactures CPS TRANSPA2 1234 49 51 1",
    "SIS_FormaterLot CPS TRANSPA2 1234 1",
    "SIS_FormaterFichier 1",
    "SIS_TraduireFSE 1",
    "SIS_TraduireARL 1",
    "SIS_SecuriserFacture CPS TRANSPA2 1234 1 000000001 1",
    "SRT_RechercherParMotCle mot",
    "SRT_ConsulterDonnee id 20261123",
    "SRT_ModifierDonnee id 20261123",
    "SRT_AnnulerModification id",
    "SRT_ControlerDonnees id 20261123",
    "SRT_AppliquerRegle id",
    "SRT_ControleComplet",
    "SRT_SauvegarderReferentiel dossier",
    "STS_Tarification",
    "STS_Assistance",
    "MICA_SignatureVitale VITALE",
)
"""Calls that are not imitated: of the speaker, one line each."""


def answers(output: str) -> dict[str, tuple[str, bytes]]:
    """Function → code and zone."""
    return {
        name: (code, bytes.fromhex(zone))
        for name, code, zone in re.findall(r"^(\w+) (\w{4}) ?(\w*)$", output, re.MULTILINE)
    }
