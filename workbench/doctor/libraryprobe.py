"""The protocol version of the installed libpcsclite, which no file and no function of it tells: it says it to a server."""

import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
from typing import Final


def library_protocol(patience: float) -> tuple[int, int] | None:
    """Major and minor version of the protocol that libpcsclite.so.1 speaks, by its first message; None without one.

    A process of our own is let connect to a socket of ours: ``{size, command 11, major, minor, rv}``, native integers.
    *patience* bounds each wait, in seconds.
    """
    with tempfile.TemporaryDirectory(prefix="bifente-") as folder:
        path = f"{folder}/s"
        with socket.socket(socket.AF_UNIX) as listener:
            try:
                listener.bind(path)
            except OSError:
                return None
            listener.listen(1)
            listener.settimeout(patience)
            client = subprocess.Popen(
                [sys.executable, "-I", "-c", _CLIENT],
                env={**os.environ, "PCSCLITE_CSOCK_NAME": path},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                return _first_message(listener, client, patience)
            finally:
                client.kill()
                client.wait(patience)


def _first_message(
    listener: socket.socket, client: "subprocess.Popen[bytes]", patience: float
) -> tuple[int, int] | None:
    try:
        ended = os.pidfd_open(client.pid)  # readable when the client has ended, as it does without a library
    except OSError:
        return None
    try:
        ready, _, _ = select.select([listener.fileno(), ended], [], [], patience)
        if listener.fileno() not in ready:
            return None
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(patience)
            message = b""
            while len(message) < _VERSION.size:
                part = connection.recv(_VERSION.size - len(message))
                if not part:
                    return None
                message += part
    except OSError:
        return None
    finally:
        os.close(ended)
    size, command, major, minor, _ = _VERSION.unpack(message)
    return (major, minor) if (size, command) == (12, 0x11) else None


_VERSION: Final = struct.Struct("=IIiiI")
_CLIENT: Final = """
import ctypes
library = ctypes.CDLL("libpcsclite.so.1")
library.SCardEstablishContext(ctypes.c_ulong(2), None, None, ctypes.byref(ctypes.c_long()))
"""
