"""One reader of this process, offered to other programs for the time of a block: on a socket, or behind a system pcscd."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.served.serving import need_unix

if TYPE_CHECKING:
    from bifente.reader import TwoSlotReader


@contextmanager
def on_a_socket(reader: "TwoSlotReader", path: Path, name: str | None = None) -> Iterator[Mapping[str, str]]:
    """Serve *reader* on the socket *path*: what programs need in their environment to find it.

    *name* is what they see it as, without one its own and the slot's. Raises WorkbenchError, ServerRunning,
    SocketPathRefused.
    """
    from bifente.reader.pcsclite import PcscServer

    need_unix()
    with PcscServer(reader, path=path, names=None if name is None else (name,)) as server:
        yield server.environment


@contextmanager
def behind_vpcd(reader: "TwoSlotReader") -> Iterator[int]:
    """Call the vpcd driver of the system's pcscd with *reader*: the port that is used."""
    from bifente.reader.vpcd.service import VpcdService

    with VpcdService(reader) as service:
        yield service.ports[0]
