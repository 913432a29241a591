"""The control socket of a served reader: many clients, odd questions, and descriptors that run out."""

import contextlib
import json
import logging
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pcscwire import until

from bifente.cli.errors import CliError, ExitCode, classify
from bifente.cli.reader.asking import answer_of as ask
from bifente.cli.reader.asking import refusal_of
from bifente.reader.pcsclite.errors import ServerRunning
from bifente.workbench.errors import WorkbenchError
from bifente.workbench.served.control import QUESTIONS, Answer, ControlSocket, Question, read_question
from bifente.workbench.served.slots import Slots

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="serving a reader is for Linux")

SECONDS = 30.0


@pytest.fixture
def path() -> Iterator[Path]:
    """A socket's path has 107 bytes at most, a test's folder often more."""
    with tempfile.TemporaryDirectory(prefix="bf-") as folder:
        yield Path(folder) / "control"


@pytest.fixture
def served(path: Path) -> Iterator[Path]:
    """The control socket of two empty slots."""
    with Slots((), name="R") as slots:
        control = ControlSocket(path, slots.answer, refusal_of)
        try:
            yield path
        finally:
            control.close()


def connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(SECONDS)
    connection.connect(str(path))
    return connection


def asked(path: Path, line: bytes) -> Answer:
    with connected(path) as connection, connection.makefile("rb") as answers:
        connection.sendall(line + b"\n")
        answer = json.loads(answers.readline())
    assert isinstance(answer, dict)
    return answer


def answered(path: Path) -> bool:
    """The reader answers, instead of sending the client away."""
    try:
        return "slots" in ask(path, {"do": "status"})
    except (CliError, WorkbenchError):
        return False


def refusal(line: bytes) -> ExitCode | None:
    """The code with which a question is refused; None when it is one."""
    try:
        question = read_question(line)
    except WorkbenchError as error:
        return classify(error).code
    fields = QUESTIONS[question["do"]]
    assert all(question[name] for name in fields.needed)
    assert set(question) <= {"do", *fields.needed, *fields.allowed}
    return None


def test_clients_that_say_nothing_keep_nobody_waiting(served: Path) -> None:
    """Everybody is answered while the others are still connected: nothing here waits for a time to pass."""
    silent = [connected(served) for _ in range(10)]
    half = connected(served)
    half.sendall(b'{"do": "sta')
    try:
        assert len(ask(served, {"do": "status"})["slots"]) == 2  # type: ignore[arg-type]
        for connection in (*silent, half):
            connection.setblocking(False)
            with pytest.raises(BlockingIOError):
                connection.recv(1)
    finally:
        for connection in (*silent, half):
            connection.close()


def test_a_change_that_takes_its_time_keeps_no_other_question_waiting(path: Path) -> None:
    begun, go_on = Event(), Event()

    def answer(question: Question) -> Answer:
        if question["do"] == "remove":
            begun.set()
            assert go_on.wait(SECONDS)
        return {"slots": []}

    control = ControlSocket(path, answer)
    slow = Thread(target=ask, args=(path, {"do": "remove", "slot": "1"}))
    slow.start()
    try:
        assert begun.wait(SECONDS)
        assert ask(path, {"do": "status"}) == {"slots": []}
    finally:
        go_on.set()
        slow.join(SECONDS)
        control.close()


def test_more_clients_than_there_are_threads_for(served: Path) -> None:
    """Who comes too late is sent away; when the others have gone there is room again."""
    silent = [connected(served) for _ in range(32)]
    # The last is accepted when one after it has been sent away.
    with connected(served) as late:
        assert late.recv(1) == b""
    for connection in silent:
        connection.close()
    until(lambda: answered(served))


def test_it_goes_on_when_descriptors_ran_out(served: Path, caplog: pytest.LogCaptureFixture) -> None:
    """accept fails with EMFILE, and later does not."""
    import resource

    failed = Event()

    class Seen(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "Too many open files" in record.getMessage():
                failed.set()

    handler = Seen()
    logging.getLogger("bifente.workbench.served.control").addHandler(handler)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(SECONDS)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) - 1, limits[1]))
        taken: list[int] = []
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.dup(0))
        connection.connect(str(served))
        assert failed.wait(SECONDS)
        for number in taken:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        connection.sendall(b'{"do": "status"}\n')
        with connection.makefile("rb") as answers:
            assert "slots" in json.loads(answers.readline())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        logging.getLogger("bifente.workbench.served.control").removeHandler(handler)
        connection.close()
    assert ask(served, {"do": "status"})


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"[" * 60000, "not a question"),
        (b'{"do":' * 9000 + b"1" + b"}" * 9000, "not a question"),
        (b"null", "not a question"),
        (b'"status"', "not a question"),
        (b'{"do": 1}', "not a question"),
        (b'{"do": "remove", "slot": 1}', "not a question"),
        (b'{"do": "remove", "slot": null}', "not a question"),
        (b"\xff\xfe{", "not a question"),
        (b"{" + b" " * 70000 + b"}", "not a question"),
        (b"{}", "knows no question ''"),
        (b'{"do": "explode"}', "knows no question 'explode'"),
        (b'{"do": "remove"}', "remove: slot is missing"),
        (b'{"do": "remove", "slot": ""}', "remove: slot is missing"),
        (b'{"do": "swap", "card": "x"}', "swap: slot is missing"),
        (b'{"do": "swap", "slot": "1"}', "swap: card is missing"),
        (b'{"do": "insert"}', "insert: card is missing"),
        (b'{"do": "status", "slot": "1"}', "there is no 'slot'"),
        (b'{"do": "insert", "card": "a\\u0000b"}', "characters that no name has"),
        (b'{"do": "insert", "card": "\\ud800"}', "characters that no name has"),
        (b'{"do": "remove", "slot": "99"}', "no slot '99'"),
        (b'{"do": "restart", "down": "1"}', "there is no 'down'"),
    ],
)
def test_odd_questions_get_a_clear_answer(served: Path, line: bytes, said: str) -> None:
    answer = asked(served, line)
    assert said in str(answer["error"])
    assert answer["code"] == ExitCode.BAD_INPUT
    assert ask(served, {"do": "status"})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
    | st.fixed_dictionaries(
        {"do": st.sampled_from(list(QUESTIONS))}, optional={"slot": st.text(), "card": st.text()}
    )
)
def test_any_json_is_a_question_or_refused(value: object) -> None:
    assert refusal(json.dumps(value).encode()) in (None, ExitCode.BAD_INPUT)


@given(st.binary(max_size=100))
def test_any_bytes_are_a_question_or_refused(line: bytes) -> None:
    assert refusal(line) in (None, ExitCode.BAD_INPUT)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"[" * 60000, ExitCode.NO_CARD),
        (b"", ExitCode.NO_CARD),
        (b"[]", ExitCode.NO_CARD),
        (b'{"error": "x", "code": 8}', ExitCode.NO_CARD),
        (b'{"error": "x", "code": 99}', ExitCode.UNEXPECTED),
        (b'{"error": "x", "code": "nonsense"}', ExitCode.UNEXPECTED),
    ],
)
def test_odd_answers_are_errors_too(path: Path, answer: bytes, code: ExitCode) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def reply() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer + b"\n")

        thread = Thread(target=reply)
        thread.start()
        with pytest.raises((CliError, WorkbenchError)) as refused:
            ask(path, {"do": "status"})
        thread.join(SECONDS)
    assert classify(refused.value).code is code


@pytest.mark.parametrize("do", ["unplug", "plug", "restart"])
def test_a_reader_behind_a_system_pcscd_is_not_ours_to_unplug(served: Path, do: str) -> None:
    with pytest.raises(CliError, match="behind a system pcscd"):
        ask(served, {"do": do})


def test_one_control_socket_of_a_path(served: Path) -> None:
    with pytest.raises(ServerRunning):
        ControlSocket(served, lambda _: {})
