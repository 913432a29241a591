"""``bifente doctor``: one line a thing, a cure where one helps, an end in any surroundings."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path
from time import monotonic

import pytest
from click.testing import CliRunner
from pcscd import DRIVER, isolated_pcscd, unavailable

from bifente.cli.doctor.commands import doctor
from bifente.cli.errors import ExitCode
from bifente.cli.main import Settings
from bifente.reader.vpcd import driver as vpcd_driver
from bifente.reader.vpcd import tcptable
from bifente.workbench.doctor import checks as doctorchecks
from bifente.workbench.doctor import clients as doctorclients
from bifente.workbench.doctor import libraryprobe
from bifente.workbench.doctor.checks import Check, State
from bifente.workbench.doctor.libraryprobe import library_protocol

EVERYWHERE = IPv4Address(0)
PROGRAM = Path(sys.executable).with_name("bifente")
NAMES = [
    "Python",
    "folders",
    "sockets",
    "pyscard",
    "libpcsclite",
    "pcscd",
    "vpcd driver",
    "OpenSC",
    "openssl",
]

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="these are Linux's things")


def only(check: Callable[[], object]) -> Check:
    (found,) = check()  # type: ignore[misc]  # an iterator of one
    assert isinstance(found, Check)
    return found


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """In surroundings of nothing but *environment*."""
    return subprocess.run(
        [PROGRAM, "doctor", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """A PATH with nothing but the programs that the test puts there, as shell scripts."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(
        doctorchecks, "program_path", lambda name: str(folder / name) if (folder / name).exists() else None
    )

    def put(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return put


def test_the_screen(tmp_path: Path) -> None:
    done = run(HOME=str(tmp_path), PATH=os.environ["PATH"], PYTHONUTF8="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert [line[2:21].strip() for line in lines if line[:1] in "✓•✗" and line][:3] == NAMES[:3]
    assert all(line[:1] in "✓•" or line.startswith(" " * 22 + "→ ") for line in lines[:-2])
    assert lines[-1] == "Nothing stands in the way."


def test_json(tmp_path: Path) -> None:
    done = run("--json", HOME=str(tmp_path), PATH=os.environ["PATH"])
    document = json.loads(done.stdout)
    assert document["usable"] is (done.returncode == 0)
    found = [check["name"] for check in document["checks"]]
    assert [name for name in found if name in NAMES] == NAMES
    assert all(set(check) == {"name", "state", "found", "cure"} for check in document["checks"])
    assert {check["state"] for check in document["checks"]} <= {"ok", "note", "problem"}


def test_without_any_program_or_home(tmp_path: Path) -> None:
    done = run("--json", HOME="/nonexistent", PATH=str(tmp_path))
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    for name in ("OpenSC", "openssl"):
        assert checks[name]["state"] == "note"
        assert "apt install" in checks[name]["cure"]
    assert done.stderr == ""


def test_a_problem_gives_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def bad() -> object:
        yield Check("thing", State.PROBLEM, "broken", "mend it")

    monkeypatch.setattr(doctorchecks, "CHECKS", (bad,))
    for arguments in ([], ["--json"]):
        result = CliRunner().invoke(doctor, arguments, standalone_mode=False, obj=Settings())
        assert result.return_value == ExitCode.NOT_USABLE == 14
        assert "broken" in result.output
        assert "mend it" in result.output
    assert "1 thing to mend" in CliRunner().invoke(doctor, [], standalone_mode=False).output


def test_a_cure_stands_on_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Check("card\nreader", State.NOTE, "none", "plug one in")
    monkeypatch.setattr(doctorchecks, "all_checks", lambda: iter([found]))
    lines = CliRunner().invoke(doctor, obj=Settings()).output.splitlines()
    assert lines[0].split() == ["•", r"card\x0areader", "none"], "what comes from elsewhere stays on its line"
    assert lines[1].strip() == "→ plug one in"


def test_a_python_too_old_or_too_new(monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(doctorchecks.python).state in (State.OK, State.NOTE)
    monkeypatch.setattr(doctorchecks, "TESTED", ((9, 0), (9, 9)))
    assert only(doctorchecks.python).state is State.PROBLEM
    monkeypatch.setattr(doctorchecks, "TESTED", ((3, 0), (3, 1)))
    assert only(doctorchecks.python).state is State.NOTE


def test_folders_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(doctorchecks.folders).state is State.OK
    monkeypatch.setattr(os, "access", lambda *_: False)
    check = only(doctorchecks.folders)
    assert check.state is State.PROBLEM
    assert "temporary files" in check.found


def test_the_runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    if len(str(tmp_path)) < 80:
        assert only(doctorchecks.sockets).state is State.OK
    assert list((tmp_path / "bifente").iterdir()) == []
    (tmp_path / "bifente").chmod(0o755)
    check = only(doctorchecks.sockets)
    assert check.state is State.PROBLEM
    assert "open to others" in check.found
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))
    assert only(doctorchecks.sockets).state is State.NOTE


def test_a_socket_path_that_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    assert only(doctorchecks.sockets).state is State.PROBLEM


def test_where_this_shell_sends_its_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PCSCLITE_CSOCK_NAME", raising=False)
    assert list(doctorchecks.chosen_socket()) == []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PCSCLITE_CSOCK_NAME", "s")
    check = only(doctorchecks.chosen_socket)
    assert check.state is State.PROBLEM
    assert check.cure is not None
    assert "unset PCSCLITE_CSOCK_NAME" in check.cure
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")
        listener.listen()
        assert only(doctorchecks.chosen_socket).state is State.OK


def test_pyscard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctorchecks, "_module_there", lambda _: False)
    check = only(doctorchecks.pyscard)
    assert check.state is State.NOTE
    assert check.cure is not None
    assert "apt install python3-pyscard" in check.cure
    monkeypatch.setattr(doctorchecks, "_module_there", lambda _: True)
    broken = subprocess.CompletedProcess([], 1, "", "Traceback\nImportError: libpcsclite.so.1: not found\n")
    monkeypatch.setattr(doctorchecks, "run", lambda *_: broken)
    check = only(doctorchecks.pyscard)
    assert check.state is State.PROBLEM
    assert "ImportError: libpcsclite.so.1" in check.found


def test_the_protocol_of_the_library_is_what_it_says_itself() -> None:
    pytest.importorskip("smartcard.scard", reason="without pyscard there may be no libpcsclite")
    version = library_protocol(10)
    assert version is not None
    assert version[0] == 4
    assert version >= (4, 2)


@pytest.mark.parametrize(
    ("version", "state", "said"),
    [
        ((4, 4), State.OK, "spoken"),
        ((4, 6), State.OK, "spoken"),
        ((4, 7), State.NOTE, "newer"),
        ((4, 3), State.NOTE, "speaks 4:4 to 4:6"),
        ((5, 0), State.NOTE, "speaks 4:4 to 4:6"),
        (None, State.NOTE, "not found"),
    ],
)
def test_versions_of_the_protocol(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int] | None, state: State, said: str
) -> None:
    monkeypatch.setattr(libraryprobe, "library_protocol", lambda _: version)
    check = only(doctorchecks.libpcsclite)
    assert (check.state, said in check.found) == (state, True)


def test_no_library_is_no_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraryprobe, "_CLIENT", "import ctypes; ctypes.CDLL('libnone.so.99')")
    begin = monotonic()
    assert library_protocol(30) is None
    assert monotonic() - begin < 20
    monkeypatch.setattr(libraryprobe, "_CLIENT", "import signal; signal.pause()")
    assert library_protocol(0.1) is None


def test_a_program_that_hangs_is_given_up(
    programs: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctorchecks, "PATIENCE", 0.1)
    for name in ("opensc-tool", "openssl", "pcscd"):
        programs(name, "exec /bin/sleep 30")
    begin = monotonic()
    assert doctorclients.opensc().state is State.NOTE
    assert doctorclients.openssl().state is State.NOTE
    assert [check.state for check in doctorchecks.pcscd()][-1] is State.NOTE
    assert monotonic() - begin < 10


def test_polkit(programs: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    def polkit() -> Check:
        return list(doctorchecks.pcscd())[-1]

    programs("pcscd", "echo Enabled features: Linux usb")
    assert (polkit().name, polkit().state) == ("polkit", State.OK)
    programs("pcscd", "echo Enabled features: Linux polkit usb")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert polkit().state is State.OK
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "does not answer" in polkit().found
    programs("pkcheck", "exit 0")
    assert polkit().state is State.OK
    programs("pkcheck", "exit 1")
    check = polkit()
    assert check.state is State.NOTE
    assert check.cure is not None
    assert "/etc/polkit-1/rules.d" in check.cure


def test_opensc_and_its_drivers(programs: Callable[[str, str], None]) -> None:
    info = 'case $1 in --info) echo "OpenSC 0.23.0 [gcc  12.2.0]";; *) echo Available card drivers:; '
    programs("opensc-tool", info + "echo '  PIV-II  Personal'; echo '  iasecc  IAS-ECC';; esac")
    check = doctorclients.opensc()
    assert (check.state, check.found) == (State.OK, "0.23.0; 2 card drivers, iasecc among them")
    programs("opensc-tool", info + "echo '  PIV-II  Personal';; esac")
    check = doctorclients.opensc()
    assert check.state is State.NOTE
    assert check.cure is not None
    assert "card_drivers" in check.cure


@pytest.mark.parametrize(
    ("version", "state", "word"),
    [
        ("0.22.0", State.OK, "iasecc among them"),
        ("0.23.9", State.OK, "iasecc among them"),
        ("0.24.0", State.NOTE, "cannot log in to it"),
        ("0.25.1", State.NOTE, "cannot log in to it"),
        ("0.26.0-rc1", State.NOTE, "cannot log in to it"),
        ("0.27.1", State.NOTE, "cannot log in to it"),
        ("0.27.2", State.NOTE, "this one was not tried"),
        ("0.100.0", State.NOTE, "this one was not tried"),
        ("1.0", State.NOTE, "this one was not tried"),
        ("git", State.OK, "iasecc among them"),
    ],
)
def test_an_opensc_that_cannot_log_in(
    version: str, state: State, word: str, programs: Callable[[str, str], None]
) -> None:
    info = f'case $1 in --info) echo "OpenSC {version} [gcc  12.2.0]";; *) echo Available card drivers:; '
    programs("opensc-tool", info + "echo '  iasecc  IAS-ECC';; esac")
    check = doctorclients.opensc()
    assert (check.state, check.found.split(";")[0]) == (state, version)
    assert word in check.found
    assert (check.cure is not None) is (state is State.NOTE)


def test_java_and_gnupg_are_told_of_when_they_are_there(programs: Callable[[str, str], None]) -> None:
    assert [check.name for check in doctorclients.checks()] == ["OpenSC", "openssl"]
    programs("java", """echo 'openjdk version "17.0.15" 2025-04-15' >&2""")
    programs("gpgconf", "echo gpg:OpenPGP:/usr/bin/gpg; echo scdaemon:Smartcards:/usr/lib/gnupg/scdaemon")
    java, gnupg = list(doctorclients.checks())[2:]
    assert (java.name, java.state) == ("Java", State.NOTE)
    assert "17.0.15" in java.found
    assert "disabledMechanisms" in str(java.cure)
    assert "no CPS" in gnupg.found
    programs("java", "exit 1")
    programs("gpgconf", "echo gpg:OpenPGP:/usr/bin/gpg")
    assert [check.name for check in doctorclients.checks()] == ["OpenSC", "openssl"]


def test_programs_that_commands_start_are_told_of_when_they_are_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctorclients, "program_path", lambda name: None)
    missing = list(doctorclients.helpers())
    assert [check.name for check in missing] == ["C compiler", "slapd"]
    assert {check.state for check in missing} == {State.NOTE}
    monkeypatch.setattr(
        doctorclients, "program_path", lambda name: f"/bin/{name}" if name == "clang" else None
    )
    assert [check.name for check in doctorclients.helpers()] == ["slapd"]


def test_openssl(programs: Callable[[str, str], None]) -> None:
    programs("openssl", "echo OpenSSL 3.0.19 27 Jan 2026")
    assert doctorclients.openssl() == Check("openssl", State.OK, "3.0.19")


def driver_checks(monkeypatch: pytest.MonkeyPatch, folder: Path) -> list[Check]:
    monkeypatch.setattr(vpcd_driver, "configured_drivers", lambda: _configured(folder))
    return list(doctorchecks.vpcd())


_configured = vpcd_driver.configured_drivers


def test_the_vpcd_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert driver_checks(monkeypatch, tmp_path)[0].found.startswith("not configured")
    library = tmp_path / "libifdvpcd.so"
    conf = tmp_path / "conf"
    conf.mkdir()

    def configure(device: str) -> None:
        (conf / "vpcd").write_text(f'FRIENDLYNAME "V"\nDEVICENAME {device}\nLIBPATH {library}\n')

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    configure(f"/dev/null:{port}")
    assert driver_checks(monkeypatch, conf)[0].state is State.PROBLEM
    library.write_bytes(b"")
    monkeypatch.setattr(vpcd_driver, "probe_library", lambda *_: None)
    monkeypatch.setattr(vpcd_driver, "probe_listening", lambda *_: False)
    assert "nobody does" in driver_checks(monkeypatch, conf)[0].found
    with socket.create_server(("127.0.0.1", port)):
        where, speed = driver_checks(monkeypatch, conf)
        assert (where.state, where.found) == (State.OK, f"listens on 127.0.0.1:{port}")
        assert "slow driver" in speed.found
    with monkeypatch.context() as patch:
        table = f"0: 00000000:{port:04X} 00000000:0000 0A 0:0 0:0 0 0 0 1"
        patch.setattr(tcptable, "tcp_sockets", lambda: list(tcptable.parse_table(table)))
        where = driver_checks(monkeypatch, conf)[0]
        assert where.found == f"listens on {EVERYWHERE}:{port}: on every address"
        assert where.cure is not None
        assert f"localhost:{port:#x}" in where.cure
    configure("localhost:4000")
    where, speed = driver_checks(monkeypatch, conf)
    assert "calls localhost, port 4000" in where.found


@pytest.mark.parametrize("whole", [True, False])
def test_the_speed_of_the_driver(whole: bool) -> None:
    check = doctorchecks._speed(whole)
    assert (check.state is State.OK) is whole


def test_the_real_driver_behind_a_real_pcscd(require_tool: Callable[[str], str]) -> None:
    reason = unavailable()
    if reason is not None:
        pytest.skip(reason)
    for name in ("pcscd", "vpcd-config"):
        require_tool(name)
    assert DRIVER.exists()
    with isolated_pcscd() as daemon:
        checks = {check.name: check for check in daemon.inside(lambda: list(doctorchecks.vpcd()))}
    if not vpcd_driver.configured_drivers():
        pytest.skip("the package's configuration was taken away")
    assert checks["vpcd driver"].found == (
        f"listens on {EVERYWHERE}:35963, {EVERYWHERE}:35964: on every address"
    )
    assert checks["vpcd speed"].found.startswith(("a slow driver", "the driver sends"))
