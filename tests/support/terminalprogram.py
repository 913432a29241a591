"""A program of a person at a terminal: keys are pressed as prompts come, and what stands on the screen is read."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic

_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>78]|[\x0e\x0f]")


def on_terminal(
    command: Sequence[str],
    keys: Sequence[tuple[str, str]],
    *,
    folder: Path,
    environment: Mapping[str, str],
    timeout: float = 30.0,
) -> str:
    """What *command* has shown: for each prompt (regular expression) the keys are pressed; after the last one it is ended.

    A prompt whose keys are empty is waited for only.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 140, 0, 0))
    wanted = {**environment, "TERM": "vt100", "LC_ALL": "C.UTF-8"}
    try:
        with subprocess.Popen(
            command,
            cwd=folder,
            env=wanted,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        ) as program:
            os.close(theirs)
            try:
                return _watched(ours, list(keys), monotonic() + timeout)
            finally:
                program.kill()
    finally:
        os.close(ours)


def _watched(terminal: int, waiting: list[tuple[str, str]], deadline: float) -> str:
    screen, read_to = b"", 0
    while waiting:
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - monotonic()))
        try:
            piece = os.read(terminal, 4096) if ready else b""
        except OSError:  # how a terminal says that nobody has it open any more
            piece = b""
        screen += piece
        text = _ESCAPES.sub(b"\n", screen).decode("utf-8", "replace")
        if not piece:
            raise AssertionError(f"the program neither went on nor showed {waiting[0][0]!r}:\n{text}")
        while waiting and (found := re.search(waiting[0][0], text[read_to:])):
            read_to += found.end()
            os.write(terminal, waiting.pop(0)[1].encode())
    return _ESCAPES.sub(b"\n", screen).decode("utf-8", "replace")
