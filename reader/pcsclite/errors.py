"""What can go wrong with the server itself; clients are told by the numbers of :class:`~.codes.Rv`."""

from pathlib import Path

from bifente.reader.errors import ReaderError


class ServerRunning(ReaderError):
    """Another process serves a reader on this socket."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"another process serves a reader on {path}")
        self.path = path
        self.hint = "stop it, or choose another socket"


class SocketPathRefused(ReaderError):
    """No socket can be made there."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
