"""``bifente demo`` from its start to its end, as a process of its own, with the authority there already."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from frame import Result, against_floor, run_process

FLOOR = """
from cryptography.hazmat.primitives.asymmetric import rsa
for _ in range(4):
    rsa.generate_private_key(65537, 2048)
"""
"""What nobody can do without: an interpreter, ``cryptography``, and RSA keys of which a new pair of cards has more."""


def results() -> Iterator[Result]:
    """The median of 21 runs, against the floor in turns."""
    with tempfile.TemporaryDirectory(prefix="bifente-bench-") as folder:
        environment = {**os.environ, "XDG_DATA_HOME": folder, "HOME": folder}
        program = Path(sys.executable).with_name("bifente")
        runs = iter(range(10_000))

        def demo() -> None:
            out = Path(folder, f"out-{next(runs)}")
            run_process([program, "demo", "--json", "--out", out], env=environment)

        def floor() -> None:
            run_process([sys.executable, "-I", "-c", FLOOR])

        yield against_floor("bifente demo", demo, floor, rounds=21, most=6.0)
