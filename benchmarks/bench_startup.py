"""How soon ``bifente --help`` is there, for which nothing but click may be imported, and the whole demonstration."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from frame import Result, against_floor, median_of


def results() -> Iterator[Result]:
    """``bifente --help`` against ``python -c "import click"``, both as processes of their own."""
    program = Path(sys.executable).with_name("bifente")

    def subject() -> None:
        subprocess.run([program, "--help"], stdout=subprocess.DEVNULL, check=True, timeout=30)

    def floor() -> None:
        subprocess.run([sys.executable, "-c", "import click"], check=True, timeout=30)

    yield against_floor("bifente --help", subject, floor, rounds=15, most=3.0)
    yield _demo()


def _demo() -> Result:
    """``bifente demo`` as a process of its own, with the authority there already."""
    with tempfile.TemporaryDirectory(prefix="bifente-bench-") as folder:
        environment = {**os.environ, "XDG_DATA_HOME": folder, "HOME": folder}
        program = Path(sys.executable).with_name("bifente")
        runs = iter(range(10_000))

        def demo() -> None:
            out = Path(folder, f"out-{next(runs)}")
            command = [program, "demo", "--json", "--out", out]
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True, timeout=60)

        return median_of("bifente demo", demo, rounds=20, most=3000.0)
