"""A two-slot reader with echo cards in it."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from echocard import BOUND, EchoCard

from bifente.reader import TwoSlotReader


@pytest.fixture
def reader() -> Iterator[TwoSlotReader]:
    reader = TwoSlotReader("test", wait=BOUND)
    yield reader
    reader.close()


@pytest.fixture
def cps(reader: TwoSlotReader) -> EchoCard:
    card = EchoCard(serial="99000001")
    reader.insert("CPS", card)
    return card


@pytest.fixture
def vitale(reader: TwoSlotReader) -> EchoCard:
    card = EchoCard(serial="99000002")
    reader.insert("Vitale", card)
    return card


@pytest.fixture(scope="session")
def compiled(
    require_tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """A program of ``clients/``, compiled against the real libpcsclite."""
    folder = tmp_path_factory.mktemp("compiled")
    flags = subprocess.run(
        [require_tool("pkg-config"), "--cflags", "--libs", "libpcsclite"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout.split()

    def make(name: str) -> Path:
        program = folder / name
        if not program.exists():
            subprocess.run(
                [
                    require_tool("gcc"),
                    "-Wall",
                    "-Wextra",
                    "-Werror",
                    "-O1",
                    "-o",
                    program,
                    Path(__file__).parent / "clients" / f"{name}.c",
                    *flags,
                ],
                check=True,
                timeout=120,
            )
        return program

    return make
