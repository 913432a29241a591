"""The load of ``make soak``, for a few seconds."""

import subprocess
import sys
from pathlib import Path

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


def test_nothing_is_left_behind_and_nothing_is_stuck() -> None:
    done = subprocess.run(
        [sys.executable, SOAK, "--seconds", "2", "--clients", "40", "--apdus", "2000"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing was wrong" in done.stdout
