"""What can go wrong with the server itself; clients are told by the numbers of :class:`~.codes.Rv`."""

from pathlib import Path

from bifente.reader.errors import ReaderError


class ServerRunning(ReaderError):
    """Another process serves a reader on this socket."""

    kind = "input.server-running"
    hint = "stop it"

    def __init__(self, path: Path) -> None:
        super().__init__(f"another process serves a reader on {path}")
        self.path = path


class SocketPathRefused(ReaderError):
    """No socket can be made there."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
