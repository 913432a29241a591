"""How soon a command is there, as a process of its own: help, a card on the screen, a reader that is ready.

The floor is an interpreter that imports click; for the help it is the smallest program of click that prints one, which takes
a tenth longer. What a command may import is counted by ``tests/cli/test_imports.py``.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

from cards import records
from frame import PROCESS_LIMIT, Result, against_floor, pinned, run_process

from bifente.applets.store.stores import create_card_file

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""An installed program has its bytecode; a checkout that may not write any would be compiled by each run."""
PROGRAM = Path(sys.executable).with_name("bifente")


def floor() -> None:
    """``python -c "import click"``."""
    run_process([sys.executable, "-c", "import click"], env=ENVIRONMENT)


def smallest_help() -> None:
    """The help of a command that does nothing."""
    program = "import click; click.Command('nothing', help='Do nothing.')(['--help'])"
    run_process([sys.executable, "-c", program], env=ENVIRONMENT)


def until_ready(*arguments: str | Path) -> None:
    """Start a command, wait for its first line on the standard output, end it."""
    with (
        pinned(),
        subprocess.Popen(
            [PROGRAM, *arguments], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process,
    ):
        guard = Timer(PROCESS_LIMIT, process.kill)
        guard.start()
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
        finally:
            guard.cancel()
            process.terminate()
        if not line:
            raise RuntimeError(f"{arguments[0]} ended before it was ready")


def results() -> Iterator[Result]:
    """Each against the floor, in turns."""
    yield against_floor(
        "bifente --help",
        lambda: run_process([PROGRAM, "--help"], env=ENVIRONMENT),
        smallest_help,
        rounds=21,
        most=1.1,
        note="floor: the smallest program of click with a help",
    )
    with tempfile.TemporaryDirectory(prefix="bifente-bench-") as folder:
        card, patient = Path(folder, "doctor.card"), Path(folder, "patient.card")
        create_card_file(card, records("gp"))
        create_card_file(patient, records("vitale-single"))
        yield against_floor(
            "bifente card show",
            lambda: run_process([PROGRAM, "card", "show", card], env=ENVIRONMENT),
            floor,
            most=3.0,
        )
        served = ("reader", "serve", "--as", f"bench-{os.getpid()}", card, patient)
        yield against_floor("bifente reader serve, ready", lambda: until_ready(*served), floor, most=3.0)
