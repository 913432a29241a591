"""Who types at the PIN pad of a served reader: the person before this terminal, or the lines of a file."""

import atexit
import os
import select
import termios
from pathlib import Path
from time import monotonic

from bifente.cli.errors import CliError
from bifente.documents import read_bytes
from bifente.documents.visible import visible
from bifente.reader.pinpad import EntryCancelled, EntryTimedOut, Prompt

_LONGEST_SCRIPT = 65536


def entries_of(path: Path) -> list[str]:
    """The lines of a script: digits, ``cancel`` or ``timeout``. Raises CliError; a line's content is never shown."""
    lines = read_bytes(path, _LONGEST_SCRIPT).decode("latin-1").split()
    for number, line in enumerate(lines, 1):
        if line not in ("cancel", "timeout") and not (line.isascii() and line.isdigit()):
            raise CliError(f"{path}, entry {number}: digits, cancel or timeout are expected")
    if not lines:
        raise CliError(f"{path} has no entry for the PIN pad")
    return lines


class AskHere:
    """Asks on this process's own terminal, without echo; an empty line cancels."""

    def enter(self, prompt: Prompt) -> str:
        """The digits typed. Raises EntryCancelled, also without a terminal, and EntryTimedOut."""
        try:
            terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            raise EntryCancelled from None
        try:
            return _ask(terminal, prompt)
        finally:
            os.close(terminal)


def _ask(terminal: int, prompt: Prompt) -> str:
    before = termios.tcgetattr(terminal)
    silent = termios.tcgetattr(terminal)
    silent[3] &= ~termios.ECHO
    # The thread that asks is left where it is when the reader is ended: its terminal must not stay silent.
    atexit.register(termios.tcsetattr, terminal, termios.TCSAFLUSH, before)
    termios.tcsetattr(terminal, termios.TCSAFLUSH, silent)
    try:
        os.write(
            terminal,
            f"{visible(prompt.slot)}: {prompt.ask} ({prompt.least} to {prompt.most} digits): ".encode(),
        )
        deadline = monotonic() + prompt.seconds
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - monotonic()))
            if not ready:
                raise EntryTimedOut
            piece = os.read(terminal, 64)
            if not piece:
                raise EntryCancelled
            line += piece
    finally:
        os.write(terminal, b"\n")
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
        atexit.unregister(termios.tcsetattr)
    digits = line.strip().decode("latin-1")
    if not digits:
        raise EntryCancelled
    return digits
