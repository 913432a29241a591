"""The control socket of ``bifente reader serve``: one JSON object a line asks, one answers.

Questions: ``{"do": "status"}``, ``{"do": "insert", "slot": …, "card": PATH}``, ``{"do": "remove", "slot": …}``,
``{"do": "swap", "slot": …, "card": PATH}``. Answers: ``{"slots": […]}`` or ``{"error": …, "hint": …, "code": …}``.
"""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Final

from bifente.cli.errors import CliError, ExitCode, classify
from bifente.reader.pcsclite.place import OwnSocket, same_user

Question = dict[str, str]
Answer = dict[str, object]

_LONGEST: Final = 65536
_SECONDS: Final = 40.0
"""Longer than the reader waits for a card that is busy."""


class ControlSocket:
    """Answers questions with *answer*, one at a time, until :meth:`close`."""

    def __init__(self, path: Path, answer: Callable[[Question], Answer]) -> None:
        self._answer = answer
        self._own = OwnSocket(path)
        self._closing = False
        self._thread = Thread(target=self._serve, name="reader control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer no more and take the socket away."""
        self._closing = True
        self._own.wake()
        self._thread.join(_SECONDS)
        self._own.close()

    def _serve(self) -> None:
        while not self._closing:
            try:
                connection, _ = self._own.listening.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(_SECONDS)
                if not same_user(connection):
                    continue
                try:
                    connection.sendall(json.dumps(self._one(_line(connection))).encode() + b"\n")
                except OSError:
                    continue

    def _one(self, line: bytes) -> Answer:
        try:
            asked = json.loads(line)
            if not isinstance(asked, dict) or not all(isinstance(value, str) for value in asked.values()):
                raise CliError("not a question to a reader")
            return self._answer(asked)
        except ValueError:
            return {"error": "not a question to a reader", "code": int(ExitCode.BAD_INPUT)}
        except Exception as error:  # noqa: BLE001 - whoever asked is told, and the reader goes on
            what, hint, code = classify(error)
            return {"error": what, "hint": hint, "code": int(code)}


def ask(path: Path, question: Question) -> Answer:
    """Ask the reader whose control socket is *path*. Raises CliError, also with what the reader refused."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_SECONDS)
        try:
            connection.connect(str(path))
            connection.sendall(json.dumps(question).encode() + b"\n")
            answer = json.loads(_line(connection))
        except (FileNotFoundError, ConnectionRefusedError):
            raise CliError(
                "no reader is being served",
                ExitCode.NO_CARD,
                hint="bifente reader serve CPS.card VITALE.card",
            ) from None
        except (TimeoutError, ConnectionError, ValueError):
            raise CliError("the reader does not answer", ExitCode.NO_CARD) from None
    if not isinstance(answer, dict):
        raise CliError("the reader does not answer as expected", ExitCode.NO_CARD)
    if "error" in answer:
        hint = answer.get("hint")
        raise CliError(
            str(answer["error"]), ExitCode(int(answer.get("code", 1))), None if hint is None else str(hint)
        )
    return answer


def _line(connection: socket.socket) -> bytes:
    received = b""
    while b"\n" not in received and len(received) < _LONGEST:
        piece = connection.recv(4096)
        if not piece:
            break
        received += piece
    return received
