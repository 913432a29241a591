"""How soon ``bifente --help`` is there: nothing but click may be imported for it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from frame import Result, against_floor


def results() -> Iterator[Result]:
    """``bifente --help`` against ``python -c "import click"``, both as processes of their own."""
    program = Path(sys.executable).with_name("bifente")

    def subject() -> None:
        subprocess.run([program, "--help"], stdout=subprocess.DEVNULL, check=True, timeout=30)

    def floor() -> None:
        subprocess.run([sys.executable, "-c", "import click"], check=True, timeout=30)

    yield against_floor("bifente --help", subject, floor, rounds=15, most=3.0)
