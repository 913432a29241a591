"""What is printed while a reader is served: the line for a shell, notes, and each APDU."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from bifente.cli.trace.files import note
from bifente.cli.visible import say

if TYPE_CHECKING:
    from bifente.reader.pcsclite.slot import Observer
    from bifente.traces.model import Item


def export(path: "str | Path") -> None:
    say(f"export PCSCLITE_CSOCK_NAME={shlex.quote(str(path))}")
    sys.stdout.flush()


class Noted:
    """Notes on stderr, from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()

    def __call__(self, line: str) -> None:
        with self._lock:
            note([line])


class Printed:
    """A sink of a recorder that shows each exchange on stderr."""

    def write(self, item: "Item", /) -> None:
        """One line for an exchange, none for an event."""
        from bifente.traces.model import Exchange

        if isinstance(item, Exchange):
            answer = item.response.hex() or "no answer"
            say(f"[{item.slot}] {item.command.hex()} -> {answer} ({item.duration / 1000:.1f} ms)", err=True)
            if item.why is not None:
                say(f"[{item.slot}]   why: {item.why}", err=True)


def observer_of(names: Sequence[str]) -> "Observer":
    from bifente.traces.cleaning.mask import Masker

    maskers = {name: Masker() for name in names}
    lock = Lock()

    def observe(name: str, command: bytes, answer: bytes | None, seconds: float) -> None:
        asked, said = maskers[name].mask(command, answer or b"")
        with lock:
            say(
                f"[{names.index(name) + 1}] {asked.hex()} -> {said.hex() or 'no answer'} "
                f"({seconds * 1000:.1f} ms)",
                err=True,
            )

    return observe
