"""What programs do that fork, thread, interrupt, are killed, and outlive the process that answers them."""

import os
import socket
import subprocess
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest
from sesamdesk import desk_with, run_client

from bifente.sesam.configuration import SesamConfiguration, configuration
from bifente.sesam.server import SesamServer
from bifente.sesam.wire import build_question


@pytest.fixture
def stress(client) -> Path:
    return client("stress.c", "ssvlux64", "sgdlux64")


@pytest.mark.parametrize("what", ["threads 10", "forks 8", "signals 60", "inits 1000"])
def test_a_program_that(stress, libraries, desk, what) -> None:
    with desk.listening() as environment:
        done = run_client(stress, environment | {"LD_LIBRARY_PATH": str(libraries)}, *what.split())
    assert (done.returncode, done.stdout) == (0, "wrong 0\n"), done.stderr
    assert desk.service.processes == 0


def test_fifty_processes_at_once_lose_nothing(stress, libraries) -> None:
    patient = SesamConfiguration(configuration().groups, pause=1, attempts=60)
    with desk_with(settings=patient) as desk, desk.listening() as place:
        environment = {**os.environ, **place, "LD_LIBRARY_PATH": str(libraries)}
        started = [
            subprocess.Popen([stress, "many", "2"], env=environment, stdout=subprocess.PIPE, text=True)
            for _ in range(50)
        ]
        said = [process.communicate(timeout=120)[0] for process in started]
    assert said == ["wrong 0\n"] * 50
    names = [record.name for record in desk.records]
    assert names.count("SSV_LireCartePS") == names.count("SSV_LireConfig") == 100
    assert desk.service.processes == 0
    assert not [one for one in threading.enumerate() if one.name.startswith("sesam")]


def test_the_server_dies_and_returns(stress, libraries, desk, tmp_path) -> None:
    """Between two calls, with SIGPIPE deadly: the caller is told, and goes on when there is a server again."""
    place = tmp_path / "s"
    environment = os.environ | {"BIFENTE_SESAM": str(place), "LD_LIBRARY_PATH": str(libraries)}
    said = []
    with ExitStack() as running:
        program = None
        for _ in range(3):
            with listening(place) as here, SesamServer(here, desk.service):
                if program is None:
                    program = running.enter_context(
                        subprocess.Popen(
                            [stress, "outlive"],
                            env=environment,
                            stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE,
                            text=True,
                        )
                    )
                said += [ask(program), ask(program)]
            place.unlink()
            said.append(ask(program))
        program.communicate(timeout=30)
    assert said == ["0000", "0000", "8002"] * 3, "initialised as before: that is the library's own memory"


def ask(program: "subprocess.Popen[str]") -> str:
    """Let it call once; the code."""
    program.stdin.write("\n")
    program.stdin.flush()
    return program.stdout.readline().strip()


def listening(place: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(str(place))
    made.listen(16)
    return made


def test_a_forked_child_calls_for_itself(speaker, desk) -> None:
    one = speaker()
    one("SSV_InitLIB")
    one("OuvrirSession APP CPS")
    assert one("fork") == ["forked"]
    assert one("SSV_LireConfig")[0] == "0000", "initialised, as the parent was"
    assert one("FermerSession 1")[0] == "1000", "the session is the parent's"
    assert one.end() == 0


def test_whoever_is_not_a_forwarder_is_sent_away(desk, caplog) -> None:
    hello = build_question(0, [b"BFS1", (1).to_bytes(4, "little"), bytes(4), b""])
    with desk.listening() as environment:
        for sent in (
            b"GET / HTTP/1.0\r\n\r\n",
            b"\xff\xff\xff\xff",
            b"\3\0\0\0\1\0\0",
            build_question(0, [b"BFS2", bytes(4), bytes(4), b""]),
            hello + build_question(999, []),
            hello + build_question(23, [b"one too many"]),
            hello + b"\x08\0\0\0\x17\0\1\xf0\0\0\0\0",
        ):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stranger:
                stranger.settimeout(10)
                stranger.connect(environment["BIFENTE_SESAM"])
                stranger.sendall(sent)
                assert received(stranger) == b"", sent
    assert desk.service.processes == 0


def received(stranger: socket.socket) -> bytes:
    try:
        return stranger.recv(100)
    except ConnectionResetError:  # closed with bytes of ours unread
        return b""


def test_on_loopback_only_the_token_opens(client, libraries, desk) -> None:
    program = client("stress.c", "ssvlux64", "sgdlux64")
    with socket.create_server(("127.0.0.1", 0)) as here, SesamServer(here, desk.service, token="s3cret"):
        environment = {
            "BIFENTE_SESAM": f"tcp:{here.getsockname()[1]}",
            "LD_LIBRARY_PATH": str(libraries),
            "BIFENTE_SESAM_TOKEN": "s3cret",
        }
        assert run_client(program, environment, "inits", "3").stdout == "wrong 0\n"
        environment["BIFENTE_SESAM_TOKEN"] = "s3cret "
        assert run_client(program, environment, "inits", "1").stdout == "wrong 3\n"
        del environment["BIFENTE_SESAM_TOKEN"]
        assert run_client(program, environment, "inits", "1").stdout == "wrong 3\n"
