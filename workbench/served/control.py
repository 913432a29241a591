"""The control socket of a served reader: one JSON object a line asks, one answers.

A question is an object of strings: ``{"do": "swap", "slot": "CPS", "card": "/cards/cps.card"}``; :data:`QUESTIONS` says
what each needs. Answers: ``{"slots": […]}`` or a refusal, ``{"error": …, "hint": …, "kind": …}`` and what the
face that serves adds to it (the command line: ``"code"``). Each client has a thread of its own
and little time, so that one that says nothing keeps nobody waiting.
"""

import json
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path
from threading import BoundedSemaphore, Event, Thread
from time import monotonic
from typing import Final, NamedTuple

from bifente.documents import DocumentError, parse_json
from bifente.reader.pcsclite.ownsocket import OwnSocket, same_user
from bifente.workbench.errors import WorkbenchError

Question = dict[str, str]
Answer = dict[str, object]


class ControlFields(NamedTuple):
    """The members of a question besides ``do``."""

    needed: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()


QUESTIONS: Final = {
    "status": ControlFields(),
    "insert": ControlFields(("card",), ("slot",)),
    "remove": ControlFields(("slot",)),
    "swap": ControlFields(("slot", "card")),
    "unplug": ControlFields((), ("reader",)),
    "plug": ControlFields((), ("reader",)),
    "restart": ControlFields((), ("seconds",)),
}

_LONGEST: Final = 65536
_MOST_CLIENTS: Final = 32
_QUESTION_SECONDS: Final = 5.0
"""How long a client may take to ask. The commands of this program ask at once."""
_SECONDS: Final = 40.0
"""How long an answer may take: longer than the reader waits for a card that is busy."""
_PAUSE: Final = 0.1
"""Between two attempts to accept, when the first one failed: descriptors may be free again."""

_log = logging.getLogger(__name__)


class ControlSocket:
    """Answers questions with *answer*, several at a time, until :meth:`close`."""

    def __init__(
        self,
        path: Path,
        answer: Callable[[Question], Answer],
        refusal: "Callable[[Exception], Answer] | None" = None,
    ) -> None:
        self._answer = answer
        self._refusal = refusal or refusal_of
        self._own = OwnSocket(path)
        self._closing = Event()
        self._free = BoundedSemaphore(_MOST_CLIENTS)
        self._thread = Thread(target=self._accept, name="reader control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer no more and take the socket away; a question under way is answered first."""
        self._closing.set()
        self._own.wake()
        self._thread.join(_SECONDS)
        deadline = monotonic() + _SECONDS
        for _ in range(_MOST_CLIENTS):
            self._free.acquire(timeout=max(deadline - monotonic(), 0))
        self._own.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._own.listening.accept()
            except OSError as error:
                if not self._closing.is_set():
                    _log.warning("a question to the reader could not be accepted: %s", error)
                self._closing.wait(_PAUSE)
                continue
            if not same_user(connection) or not self._free.acquire(blocking=False):
                connection.close()
                continue
            try:
                Thread(target=self._serve, args=(connection,), name="reader question", daemon=True).start()
            except RuntimeError:  # no more threads
                connection.close()
                self._free.release()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                line = _line(connection, _QUESTION_SECONDS)
                if line:
                    connection.settimeout(_QUESTION_SECONDS)
                    connection.sendall(json.dumps(self._one(line)).encode() + b"\n")
        except OSError:
            return  # who asked has gone, or never asked
        finally:
            self._free.release()

    def _one(self, line: bytes) -> Answer:
        try:
            return self._answer(read_question(line))
        except Exception as error:  # noqa: BLE001 - whoever asked is told, and the reader goes on
            return self._refusal(error)


def refusal_of(error: Exception) -> Answer:
    """What whoever asked is told of an error."""
    return {
        "error": str(error),
        "hint": getattr(error, "hint", None) or None,
        "kind": getattr(error, "kind", "fault"),
    }


class AnswerRefused(WorkbenchError):
    """The reader refused what it was asked. ``code`` is the exit code that its command line gave, None without one."""

    def __init__(self, answer: Answer) -> None:
        hint, code = answer.get("hint"), answer.get("code")
        super().__init__(
            str(answer["error"]), str(answer.get("kind", "fault")), hint="" if hint is None else str(hint)
        )
        self.code = code if isinstance(code, int) else None


def read_question(line: bytes) -> Question:
    """The question in *line*. Raises WorkbenchError when it is none of :data:`QUESTIONS`, or not with its members."""
    try:
        read = json.loads(line)
    except (ValueError, RecursionError):
        raise _no_question() from None
    if not isinstance(read, dict) or not all(isinstance(value, str) for value in read.values()):
        raise _no_question()
    do = read.get("do", "")
    fields = QUESTIONS.get(do)
    if fields is None:
        raise WorkbenchError(f"the reader knows no question {do!r}", hint=f"there are {', '.join(QUESTIONS)}")
    for name in fields.needed:
        if not read.get(name):
            raise WorkbenchError(f"{do}: {name} is missing")
    for name, value in read.items():
        if name != "do" and name not in fields.needed + fields.allowed:
            raise WorkbenchError(f"{do}: there is no {name!r} in this question")
        try:
            unusable = b"\0" in os.fsencode(value)
        except UnicodeEncodeError:
            unusable = True
        if unusable:
            raise WorkbenchError(f"{do}: {name} holds characters that no name has")
    return read


def _no_question() -> WorkbenchError:
    return WorkbenchError(
        "not a question to a reader", hint='one JSON object of strings on a line, as {"do": "status"}'
    )


def ask(path: Path, question: Question) -> Answer:
    """Ask the reader whose control socket is *path*. Raises WorkbenchError, AnswerRefused."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_SECONDS)
        try:
            connection.connect(str(path))
            connection.sendall(json.dumps(question).encode() + b"\n")
            answer = parse_json(_line(connection, _SECONDS), "answer")
        except (FileNotFoundError, ConnectionRefusedError):
            raise WorkbenchError("no reader is being served", "no-card.no-reader") from None
        except (TimeoutError, ConnectionError, DocumentError):
            raise WorkbenchError("the reader does not answer", "no-card") from None
    if not isinstance(answer, dict):
        raise WorkbenchError("the reader does not answer as expected", "no-card")
    if "error" in answer:
        raise AnswerRefused(answer)
    return answer


def _line(connection: socket.socket, seconds: float) -> bytes:
    """What comes up to the end of a line, within *seconds* in all. Raises TimeoutError."""
    deadline = monotonic() + seconds
    received = b""
    while b"\n" not in received and len(received) < _LONGEST:
        left = deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        piece = connection.recv(4096)
        if not piece:
            break
        received += piece
    return received
