"""An application on loopback: the one place where pages get a socket."""

import errno
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from starlette.applications import Starlette

HOST: Final = "127.0.0.1"
_MOST_AT_ONCE: Final = 64
_IDLE_SECONDS: Final = 5
_TO_END_SECONDS: Final = 5


def serve(application: "Starlette", port: int, *, ready: Callable[[str], None]) -> None:
    """Serve *application* on 127.0.0.1 until a signal ends it; *ready* is told the address. Raises WorkbenchError, OSError."""
    try:
        import uvicorn
    except ImportError as error:
        raise missing_library(error) from None
    with _listening(port) as listener:
        config = uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=_MOST_AT_ONCE,
            timeout_keep_alive=_IDLE_SECONDS,
            timeout_graceful_shutdown=_TO_END_SECONDS,
            lifespan="on",
            ws="none",
        )
        ready(f"http://{HOST}:{listener.getsockname()[1]}/")
        uvicorn.Server(config).run(sockets=[listener])


def missing_library(error: ImportError) -> WorkbenchError:
    """What to say when a library of the pages is not there."""
    return WorkbenchError(
        f"the pages need {error.name}, which is not installed",
        "unavailable",
        hint="install bifente with its extra web: '.[web]'",
    )


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise WorkbenchError(
                f"port {port} is taken by another program",
                "usage.port-taken",
                hint="choose another with --port, or 0",
            ) from None
        raise OSError(error.errno, error.strerror or str(error), f"{HOST}:{port}") from None
