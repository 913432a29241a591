"""What serving a reader needs whoever asks for it: a socket's place, and when to end."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from bifente.workbench.errors import WorkbenchError


def need_unix() -> None:
    """Raise WorkbenchError where there is no pcsc-lite."""
    if not sys.platform.startswith("linux"):
        raise WorkbenchError(
            "this reader is for Linux, whose PC/SC is pcsc-lite",
            "usage",
            hint="in Python, bifente.reader works everywhere",
        )


def socket_of_a_run(name: str) -> Path:
    """Where the socket of this process lies, which runs one program; what killed runs have left behind is removed."""
    from bifente.reader.pcsclite import runtime_folder
    from bifente.reader.pcsclite.ownsocket import remove_dead

    remove_dead(runtime_folder(), f"{name}-[0-9]*.comm")
    return socket_path(f"{name}-{os.getpid()}", "comm")


def socket_path(alias: str, kind: str) -> Path:
    """Where the socket of that name and kind (``comm``, ``control``) lies. Raises WorkbenchError."""
    from bifente.reader.pcsclite import runtime_folder

    if not alias or "/" in alias or alias.startswith("."):
        raise WorkbenchError(f"{alias!r} is not a name for a socket", "usage")
    return runtime_folder() / f"{alias}.{kind}"


class Stop:
    """Says that it is time to end; a signal handler may set it.

    A ``threading.Event`` takes a lock to be set, which the ``wait`` that the handler has interrupted may hold.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._lock.acquire()

    def set(self) -> None:
        """End all waits, those to come too."""
        with suppress(RuntimeError):  # it is set
            self._lock.release()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is set, at most so many *seconds*; whether it is."""
        was_set = self._lock.acquire(timeout=-1 if seconds is None else seconds)
        if was_set:
            self.set()
        return was_set


@contextmanager
def until_signal(stop: Stop) -> Iterator[None]:
    """Ctrl-C, SIGTERM, SIGHUP and SIGQUIT set *stop* while the block runs; a second Ctrl-C does what it usually does.

    The block should hold everything that must be given back: a signal that comes while it is set up ends it as well.
    What the parent process ignores (nohup) stays ignored.
    """

    def told(number: int, _frame: object) -> None:
        stop.set()
        if number == signal.SIGINT:
            signal.signal(number, signal.default_int_handler)

    stopping = [signal.SIGINT, signal.SIGTERM]
    for name in ("SIGHUP", "SIGQUIT"):  # not on Windows
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            stopping.append(number)
    before = {number: signal.signal(number, told) for number in stopping}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
