"""An application served on loopback in a thread of the test, by the server that users get."""

import http.client
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep

import uvicorn
from starlette.applications import Starlette


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()


@dataclass(frozen=True, slots=True)
class ServedPages:
    """Where an application is served."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, method: str = "GET", **headers: str) -> WebAnswer:
        """Ask for a path, as it stands."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(
                method, path, headers={name.replace("_", "-"): value for name, value in headers.items()}
            )
            answer = connection.getresponse()
            named = {name.casefold(): value for name, value in answer.getheaders()}
            return WebAnswer(answer.status, named, answer.read())
        finally:
            connection.close()


@contextmanager
def served(application: Starlette) -> Iterator[ServedPages]:
    """The application, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(application, log_config=None, lifespan="on", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            deadline = monotonic() + 30
            while not server.started and thread.is_alive() and monotonic() < deadline:
                sleep(0.01)
            assert server.started
            yield ServedPages(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(30)
