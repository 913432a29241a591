"""The libraries and the clients, compiled once in a session (and kept while their sources stay the same)."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sesamdesk import CLIENTS, ServedDesk, compile_client, desk_with

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
