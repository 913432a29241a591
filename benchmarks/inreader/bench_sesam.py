"""The libraries of GALSS and SSV as a C program meets them: load, first call, configuration, both cards.

The floor of the calls without cards is a bare echo over a Unix socket in C (``echo.c``); that of the calls with cards are the
same sessions called in Python, in the process that holds the cards.
"""

import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import frame
from cards import TODAY, authority, powered
from frame import ROUNDS, Result

from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
from bifente.sesam.configuration import configuration
from bifente.sesam.desk import CardDesk, ReaderClock
from bifente.sesam.server import SesamServer
from bifente.sesam.service import SesamService
from bifente.ssv.wire import encode
from bifente.terminal import CpsSession, VitaleSession, recognise
from bifente.workbench.sesam.building import build, native_folder
from bifente.workbench.sesam.slots import BenchSlot

HERE = Path(__file__).parent
CLIENT = HERE.parents[1] / "tests" / "sesam" / "clients" / "stress.c"
CALLS = 400
PROCESSES, EACH = 50, 4


def results() -> Iterator[Result]:
    """Microseconds and ratios."""
    gcc = shutil.which("gcc")
    if gcc is None:
        yield Result("the libraries of SSV", "µs", 0.0, note="not measured: there is no gcc")
        return
    with tempfile.TemporaryDirectory(prefix="bifente-bench-") as folder, TwoSlotReader() as reader:
        home = Path(folder)
        libraries = build(home / "lib", only=["ssv", "sgd"]).folder
        client, echo, loading = home / "stress", home / "echo", home / "loading"
        _compile(gcc, CLIENT, client, f"-I{native_folder()}", f"-L{libraries}", "-lssvlux64", "-lsgdlux64")
        _compile(gcc, HERE / "echo.c", echo)
        (home / "loading.c").write_text(_LOADING, encoding="ascii")
        _compile(gcc, home / "loading.c", loading)
        reader.insert(CPS_SLOT, powered("gp"))
        reader.insert(VITALE_SLOT, powered("vitale-family"))
        with _served(reader, home / "s") as environment:
            environment["LD_LIBRARY_PATH"] = str(libraries)
            yield from _measured(reader, environment, client, echo, loading, libraries / "libssvlux64.so")
            yield _crowd(environment, client)


def _measured(
    reader: TwoSlotReader,
    environment: Mapping[str, str],
    client: Path,
    echo: Path,
    loading: Path,
    library: Path,
) -> Iterator[Result]:
    def said(*command: object) -> float:
        done = subprocess.run(
            list(map(str, command)),
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        return float(done.stdout.split()[0])

    yield Result("load of libssvlux64", "µs", _middle(lambda: said(loading, library)), most=1000)
    yield Result("SSV_InitLIB, the first", "µs", _middle(lambda: said(client, "speed", 1, "init")), most=2000)
    yield _against(
        "SSV_LireConfig", lambda: said(client, "speed", CALLS, "config"), lambda: said(echo, CALLS), most=3.0
    )
    professional, rights = _in_python(reader)
    few = CALLS // 20
    yield _against(
        "SSV_LireCartePS",
        lambda: said(client, "speed", few, "ps"),
        lambda: _median_of(professional, few),
        most=1.3,
    )
    yield _against(
        "SSV_LireDroitsVitale",
        lambda: said(client, "speed", few, "droits"),
        lambda: _median_of(rights, few),
        most=1.3,
    )


def _in_python(reader: TwoSlotReader) -> tuple[Callable[[], object], Callable[[], object]]:
    """What the calls do, by the sessions themselves."""
    anchors = authority().trust_store.cv_roots

    def professional() -> bytes:
        with reader.link(CPS_SLOT) as link:
            session = CpsSession(link)
            session.verify_pin(b"1234")
            return encode(session.professional())

    def rights() -> bytes:
        with reader.link(CPS_SLOT) as cps_link, reader.link(VITALE_SLOT) as vitale_link:
            cps = CpsSession(cps_link)
            cps.verify_pin(b"1234")
            with recognise(cps, VitaleSession(vitale_link), date=TODAY, anchors=anchors) as recognition:
                return encode(recognition.vitale.rights())

    return professional, rights


def _crowd(environment: Mapping[str, str], client: Path) -> Result:
    """Fifty processes at once, each reading the configuration and the CPS: none may lose anything."""
    start = time.perf_counter()
    started = [
        subprocess.Popen(
            [client, "many", str(EACH)],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    wrong = sum(process.communicate(timeout=120)[0] != "wrong 0\n" for process in started)
    seconds = time.perf_counter() - start
    return Result(
        f"{PROCESSES} processes at once", "processes wrong", wrong, most=0.0, note=f"{seconds:.2f} s for all"
    )


@contextmanager
def _served(reader: TwoSlotReader, place: Path) -> Iterator[dict[str, str]]:
    desk = CardDesk(
        BenchSlot(reader, CPS_SLOT),
        BenchSlot(reader, VITALE_SLOT),
        ReaderClock(lambda: datetime(TODAY.year, TODAY.month, TODAY.day, 12)),
        authority().trust_store.cv_roots,
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(place))
        listening.listen(128)
        with SesamServer(listening, SesamService(desk, configuration())):
            yield {"BIFENTE_SESAM": str(place)}


def _middle(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(1 if frame.quick else ROUNDS))


def _against(name: str, subject: Callable[[], float], floor: Callable[[], float], *, most: float) -> Result:
    """Subject and floor in turns; each gives microseconds."""
    both = [(subject(), floor()) for _ in range(1 if frame.quick else ROUNDS)]
    return Result(
        name,
        "µs",
        statistics.median(one for one, _ in both),
        statistics.median(other for _, other in both),
        statistics.median(one / other for one, other in both),
        most=most,
    )


def _median_of(work: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


def _compile(gcc: str, source: Path, output: Path, *options: str) -> None:
    command = [gcc, "-O2", "-std=gnu11", str(source), "-o", str(output), *options, "-ldl", "-pthread"]
    subprocess.run(command, check=True, timeout=120)


_LOADING = """
#include <dlfcn.h>
#include <stdio.h>
#include <time.h>
int main(int argc, char **argv)
{
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : 0;
    clock_gettime(CLOCK_MONOTONIC, &b);
    printf("%.2f\\n", (b.tv_sec - a.tv_sec) * 1e6 + (b.tv_nsec - a.tv_nsec) / 1e3);
    return library == 0;
}
"""
