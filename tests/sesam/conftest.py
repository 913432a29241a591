"""The libraries and the clients, compiled once in a session (and kept while their sources stay the same)."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cardbench import Bench
from keypool import KeySource
from sesamdesk import CLIENTS, EVERY_LIBRARY, ServedDesk, Speaker, compile_client, desk_with

from bifente.igc import Authority
from bifente.workbench.sesam.building import build, default_libraries


@pytest.fixture(scope="session")
def compiled(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, require_tool: Callable[[str], str]
) -> Path:
    """A folder for what is compiled, of its own for each state of the sources."""
    require_tool("gcc")
    digest = hashlib.sha256(default_libraries().name.encode())
    for source in sorted(CLIENTS.glob("*.c")):
        digest.update(source.read_bytes())
    cache = getattr(pytestconfig, "cache", None)
    folder = Path(cache.mkdir("sesam")) if cache else tmp_path_factory.mktemp("sesam")
    folder /= digest.hexdigest()[:16]
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def libraries(compiled: Path) -> Path:
    """The folder with the libraries of 64 bits."""
    folder = compiled / "lib"
    if not (folder / "libmica.so").exists():
        build(folder)
    return folder


@pytest.fixture(scope="session")
def client(compiled: Path, libraries: Path, require_tool: Callable[[str], str]) -> Callable[..., Path]:
    """``client("reading.c", "ssvlux64")``: the program of that source, linked with those libraries."""
    gcc = require_tool("gcc")

    def compiled_client(source: str, *names: str) -> Path:
        output = compiled / source.removesuffix(".c")
        if not output.exists():
            compile_client(gcc, source, output, libraries, names)
        return output

    return compiled_client


@pytest.fixture
def desk() -> Iterator[ServedDesk]:
    """A gp's card and a family's."""
    with desk_with() as made:
        yield made


@pytest.fixture
def speaker_at(client: Callable[..., Path], libraries: Path) -> Iterator[Callable[[ServedDesk], Speaker]]:
    """``speaker_at(desk)``: a C program that makes the calls it is told at that desk."""
    program = client("speak.c", *EVERY_LIBRARY)
    with ExitStack() as running:
        places: dict[int, dict[str, str]] = {}

        def started(at: ServedDesk) -> Speaker:
            if id(at) not in places:
                places[id(at)] = running.enter_context(at.listening())
            environment = places[id(at)] | {"LD_LIBRARY_PATH": str(libraries)}
            return running.enter_context(Speaker(program, environment))

        yield started


@pytest.fixture
def speaker(speaker_at: Callable[[ServedDesk], Speaker], desk: ServedDesk) -> Callable[[], Speaker]:
    """``speaker()``: such a program at the desk with a gp's and a family's cards; as many as are wanted."""
    return lambda: speaker_at(desk)


@pytest.fixture
def bench(
    tmp_path: Path, pooled_authority: Authority, pooled_source: KeySource, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    """A folder with cards, and a short place for sockets."""
    folder = tmp_path / "some cards"
    folder.mkdir()
    with tempfile.TemporaryDirectory(prefix="bf-") as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        yield Bench(folder, pooled_authority, pooled_source)
