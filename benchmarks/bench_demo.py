"""``bifente demo`` from its start to its end, as a process of its own, with the authority there already."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from frame import Result, median_of


def results() -> Iterator[Result]:
    """The median of 20 runs."""
    with tempfile.TemporaryDirectory(prefix="bifente-bench-") as folder:
        environment = {**os.environ, "XDG_DATA_HOME": folder, "HOME": folder}
        program = Path(sys.executable).with_name("bifente")
        runs = iter(range(10_000))

        def demo() -> None:
            out = Path(folder, f"out-{next(runs)}")
            command = [program, "demo", "--json", "--out", out]
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True, timeout=60)

        yield median_of("bifente demo", demo, rounds=20, most=3000.0)
