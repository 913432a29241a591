"""Work for engines: functions that any process can import, the same for the same value."""

import os
import signal
from hashlib import sha256
from pathlib import Path


def digest(number: int) -> bytes:
    """Something to compute."""
    return sha256(str(number).encode()).digest()


def refuse_seven(number: int) -> int:
    """Fails for one value."""
    if number == 7:
        raise ValueError("seven is refused")
    return number


def process(_: int) -> int:
    """Who computes."""
    return os.getpid()


def kill_once(item: tuple[int, str]) -> bytes:
    """Kills its process the first time that the number 20 comes, and leaves a mark that it has done so."""
    number, mark = item
    if number == 20 and not Path(mark).exists():
        Path(mark).write_text(str(os.getpid()), encoding="ascii")
        os.kill(os.getpid(), signal.SIGKILL)
    return digest(number)
