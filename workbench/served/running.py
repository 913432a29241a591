"""Run a program that sees a reader of ours, pass on what is sent to us, and leave nothing of it behind."""

import ctypes
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Timer
from time import monotonic, sleep
from types import FrameType, TracebackType
from typing import Final

from bifente.workbench.errors import WorkbenchError

PATIENCE: Final = 5.0
"""Seconds that a program has to end after SIGTERM or SIGHUP; then it is killed."""

_ENDING: Final = (signal.SIGHUP, signal.SIGTERM)
_KEYS: Final = (signal.SIGINT, signal.SIGQUIT)
"""What keys of a terminal send, to all programs of the foreground at once."""
_OTHERS: Final = (signal.SIGUSR1, signal.SIGUSR2)
_SUBREAPER: Final = 36
"""``PR_SET_CHILD_SUBREAPER`` of prctl(2): what loses its parent below us becomes our child, not that of process 1."""
_LOOK: Final = 0.02


def run_program(program: list[str], environment: dict[str, str], *, patience: float = PATIENCE) -> int:
    """Run *program* to its end; returns its exit code, 128 + n when signal n ended it.

    Signals that reach us are passed on. After SIGTERM and SIGHUP the program has *patience* seconds, then it is
    killed, and the result is 128 + the signal that was to end it. What it started and left behind ends with it.
    Raises WorkbenchError when it cannot be started.
    """
    with _Forwarding(patience) as forwarding:
        try:
            process = subprocess.Popen(program, env=environment)
        except FileNotFoundError:
            raise WorkbenchError(f"{program[0]}: no such program") from None
        except OSError as error:
            raise WorkbenchError(f"{program[0]}: {error.strerror or error}") from None
        forwarding.begin(process)
        code = process.wait()
    if code >= 0:
        return code
    return 128 + (forwarding.ended_by or -code if code == -signal.SIGKILL else -code)


class _Forwarding:
    """Handlers, for the duration of the block, that pass signals on to a child."""

    def __init__(self, patience: float) -> None:
        self.ended_by = 0
        """The first signal that was to end the program."""
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        self._timer: Timer | None = None
        self._before: dict[int, object] = {}

    def __enter__(self) -> "_Forwarding":
        _adopt_orphans(True)
        for number in (*_ENDING, *_KEYS, *_OTHERS):
            # nohup's SIGHUP stays ignored. A handler, unlike an ignored signal, is not inherited by the program.
            if signal.getsignal(number) is not signal.SIG_IGN or number in _KEYS:
                self._before[number] = signal.signal(number, self._came)
        return self

    def begin(self, process: "subprocess.Popen[bytes]") -> None:
        """The child is there: it gets what came while it was being started."""
        self._process = process
        for number in self._early:
            self._pass_on(number)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        try:
            if self.ended_by:
                # A shell that ends leaves what it runs behind.
                _end_orphans(self.ended_by, self._patience)
        finally:
            _adopt_orphans(False)
            for number, handler in self._before.items():
                signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal returned

    def _came(self, number: int, _frame: FrameType | None) -> None:
        if self._process is None:
            self._early.append(number)
        else:
            self._pass_on(number)

    def _pass_on(self, number: int) -> None:
        process = self._process
        if process is None or (number in _KEYS and _in_the_foreground()):
            return  # the key was for the program too, and it has it
        if number in _ENDING and not self.ended_by:
            self.ended_by = number
            self._timer = Timer(self._patience, process.kill)
            self._timer.daemon = True
            self._timer.start()
        process.send_signal(number)


def _in_the_foreground() -> bool:
    """We are of the processes to which our terminal sends what its keys mean."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _adopt_orphans(adopt: bool) -> None:
    """Become, or cease to be, the parent of what the program leaves behind: else it is not found when it must end."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_SUBREAPER, int(adopt), 0, 0, 0)


def _end_orphans(number: int, patience: float) -> None:
    """Send the signal to all children that we have; kill those that have not ended after *patience* seconds."""
    for sent in (number, signal.SIGKILL):
        deadline = monotonic() + patience
        reached: set[int] = set()
        while monotonic() < deadline:
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                return
            # One that ends may leave further ones to us. None is gone before we have waited for it: the numbers hold.
            for one in _children() - reached:
                with suppress(PermissionError):  # it has become another user's
                    os.kill(one, sent)
                reached.add(one)
            sleep(_LOOK)


def _children() -> set[int]:
    """Our children (proc(5), ``children``)."""
    found: set[int] = set()
    for thread in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):  # a thread that has just ended
            found.update(map(int, thread.read_text(encoding="ascii").split()))
    return found
