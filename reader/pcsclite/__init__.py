"""The reader for unmodified PC/SC programs: a server that speaks libpcsclite's own protocol on a Unix socket."""

from bifente.reader.pcsclite.errors import ServerRunning, SocketPathRefused
from bifente.reader.pcsclite.ownsocket import runtime_folder
from bifente.reader.pcsclite.server import PcscServer, default_names

__all__ = ["PcscServer", "ServerRunning", "SocketPathRefused", "default_names", "runtime_folder"]
