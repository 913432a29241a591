"""A Unix socket of this machine, offered on another one through ssh: nobody else can reach it on either side.

One ``ssh`` does everything: it forwards the socket (``-R``), and runs a few lines of ``sh`` on the other machine that echo a
beat every few seconds. So both ends know of a lost connection: here the echo is missing; there, without a beat, the lines
take the socket away and end their ``sshd``, so that programs which wait for an answer see the end of their connection.
Nothing listens on a network address. The socket is 0600, its name has 128 random bits unless one is chosen.
"""

import re
import secrets
import select
import shlex
import statistics
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Final

from bifente.apdu.link import LinkError
from bifente.reader.errors import ReaderError

BEAT: Final = 5.0
"""Seconds between two beats."""
PATIENCE: Final = 15.0
"""Seconds without a beat after which the connection is lost; the far side needs up to twice as long to see it."""
_TO_CONNECT: Final = 120.0
"""Seconds for ssh to connect, a person's password included."""
_TO_END: Final = 5.0
_SAMPLES: Final = 7

_SAFE: Final = re.compile(r"/[A-Za-z0-9/._-]{1,100}")

_FAR_SIDE: Final = (
    'trap "rm -f $1" EXIT; trap "exit 1" HUP INT TERM; chmod 600 $1 || exit 1; '
    '(trap - EXIT; trap "alive=1" USR1; echo ready; while :; do alive=0; sleep $2 </dev/null >/dev/null 2>&1; '
    "test $alive = 1 || break; done; rm -f $1; kill $PPID) & "
    "while IFS= read -r beat; do kill -USR1 $!; echo $beat; done; kill $!"
)
"""For any sh. ``$1`` is the socket, ``$2`` how long a beat is awaited; the parent of the shell is its sshd."""


class TunnelFailed(LinkError):
    """The connection to the other machine did not come about, or was lost."""

    hint = "ssh says why above; try the same destination with ssh alone"


class Tunnel:
    """The socket *path*, offered on *destination* from :meth:`start` to :meth:`close`.

    *destination* is what ssh takes, perhaps with ``:/path`` behind it for the socket there; *command* is the ssh to use.
    ``far_path`` is the socket on the other machine. *lost* is called once, from another thread, when the connection ends
    by itself. Raises ReaderError for what is not a destination.
    """

    def __init__(
        self,
        path: Path,
        destination: str,
        *,
        command: Sequence[str] = ("ssh",),
        lost: Callable[[], None] = lambda: None,
        beat: float = BEAT,
        patience: float = PATIENCE,
    ) -> None:
        host, colon, far = destination.partition(":/") if "://" not in destination else (destination, "", "")
        self.host = host
        self.far_path = f"/{far}" if colon else f"/tmp/bifente-{secrets.token_hex(16)}.sock"  # noqa: S108 - 128 random bits
        if not host or host.startswith("-") or any(each.isspace() for each in host):
            raise ReaderError(f"{destination!r} is not a destination of ssh")
        if not _SAFE.fullmatch(self.far_path):
            raise ReaderError(
                f"{self.far_path!r}: a socket's path has letters, digits, '/', '.', '_' and '-' only"
            )
        self._path = path
        self._command = tuple(command)
        self._lost = lost
        self._beat, self._patience = beat, patience
        self._closing = Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = Thread(target=self._watch, name="tunnel", daemon=True)

    def start(self) -> float:
        """Connect; returns the seconds of a round trip (median). Raises TunnelFailed."""
        far_side = f"exec sh -c {shlex.quote(_FAR_SIDE)} sh {self.far_path} {max(self._patience, 1):.0f}"
        options = (
            *("-T", "-o", "ExitOnForwardFailure=yes", "-o", "ControlPath=none", "-o", "ConnectTimeout=15"),
            *("-o", f"ServerAliveInterval={max(self._beat, 1):.0f}", "-o", "ServerAliveCountMax=3"),
            *("-R", f"{self.far_path}:{self._path}"),
        )
        try:
            self._process = subprocess.Popen(
                [*self._command, *options, "--", self.host, far_side],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        except OSError as error:
            raise TunnelFailed(f"{self._command[0]}: {error.strerror or error}") from None
        try:
            if self._line(_TO_CONNECT) != b"ready\n":
                raise TunnelFailed(f"no connection to {self.host}")
            taken = statistics.median(self._echo() for _ in range(_SAMPLES))
        except BaseException:
            self.close()
            raise
        self._thread.start()
        return taken

    def close(self) -> None:
        """Take the socket on the other machine away and end the connection. Closing twice is allowed."""
        self._closing.set()
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return
        with suppress(BrokenPipeError):  # it has ended already
            process.stdin.close()
        for end in (process.terminate, process.kill):
            try:
                process.wait(_TO_END)
                break
            except subprocess.TimeoutExpired:
                end()
        process.wait(_TO_END)
        if self._thread.ident is not None:
            self._thread.join(_TO_END)
        process.stdout.close()

    def __enter__(self) -> "Tunnel":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _watch(self) -> None:
        """Beat until the connection is closed or lost."""
        while not self._closing.wait(self._beat):
            try:
                self._echo()
            except TunnelFailed:
                if not self._closing.is_set():
                    self._lost()
                return

    def _echo(self) -> float:
        """Send a beat and wait for its echo: how long it took. Raises TunnelFailed."""
        process, beat = self._process, secrets.token_hex(4).encode() + b"\n"
        assert process is not None
        assert process.stdin is not None
        begin = monotonic()
        try:
            process.stdin.write(beat)
            process.stdin.flush()
        except (OSError, ValueError):  # ended, or closed by another thread
            raise TunnelFailed(f"the connection to {self.host} is lost") from None
        if self._line(self._patience) != beat:
            raise TunnelFailed(f"the connection to {self.host} is lost")
        return monotonic() - begin

    def _line(self, patience: float) -> bytes:
        """What comes from the other machine up to the end of a line; less when it ends or takes longer than *patience*."""
        assert self._process is not None
        assert self._process.stdout is not None
        stream, line, deadline = self._process.stdout, b"", monotonic() + patience
        try:
            poll = select.poll()
            poll.register(stream, select.POLLIN)
            while not line.endswith(b"\n") and poll.poll(max(0.0, deadline - monotonic()) * 1000):
                piece = stream.read1(64)  # type: ignore[attr-defined]  # of a BufferedReader
                if not piece:
                    break
                line += piece
        except ValueError:  # closed by another thread
            return line
        return line
