"""What ``bifente doctor`` looks at, one function for each line. None raises, none waits longer than a few seconds."""

import os
import platform
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

PATIENCE: Final = 5.0
"""Seconds for one program that is asked something."""

PCSCD_SOCKET: Final = Path("/run/pcscd/pcscd.comm")
TESTED: Final = ((3, 11), (3, 13))
"""The first and the last version of Python that the tests run with."""
SPOKEN: Final = ((4, 4), (4, 6))
"""The first and the last version of libpcsclite's protocol that ``bifente reader`` speaks."""

_LINUX: Final = sys.platform.startswith("linux")


class State(StrEnum):
    """How a thing stands."""

    OK = "ok"
    NOTE = "note"
    """Works, with something to know, or is absent and only wanted for some ways."""
    PROBLEM = "problem"
    """Something that bifente needs, or that is set up and cannot work."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line: what was looked at, what was found, and what helps."""

    name: str
    state: State
    found: str
    cure: str | None = None


def all_checks() -> Iterator[Check]:
    """Every line, as it is found out."""
    for check in CHECKS:
        yield from check()


def python() -> Iterator[Check]:
    """The interpreter."""
    version = platform.python_version()
    here = sys.version_info[:2]
    if here > TESTED[1]:
        newest = ".".join(map(str, TESTED[1]))
        yield Check("Python", State.NOTE, f"{version}, newer than the {newest} that bifente is tested with")
    elif here < TESTED[0]:
        yield Check("Python", State.PROBLEM, f"{version}, too old", "install Python 3.11 or newer")
    else:
        yield Check("Python", State.OK, version)


def folders() -> Iterator[Check]:
    """Where cards, settings and temporary files go."""
    from platformdirs import user_data_path

    places: dict[str, Callable[[], Path]] = {
        "this folder": Path.cwd,
        "your data": lambda: user_data_path("bifente"),
        "temporary files": lambda: Path(tempfile.gettempdir()),
    }
    closed = []
    for what, place in places.items():
        try:
            folder = place()
            existing = next(one for one in (folder, *folder.parents) if one.is_dir())
            if not os.access(existing, os.W_OK | os.X_OK):
                closed.append(f"{what} ({existing})")
        except (OSError, StopIteration) as error:
            closed.append(f"{what} ({error})")
    if closed:
        cure = "work in a folder of your own; set XDG_DATA_HOME or TMPDIR to one"
        yield Check("folders", State.PROBLEM, f"not writable: {', '.join(closed)}", cure)
    else:
        yield Check("folders", State.OK, f"{', '.join(places)}: writable")


def sockets() -> Iterator[Check]:
    """The folder of the reader's sockets, tried by making one."""
    if not _LINUX:
        yield Check(
            "sockets", State.NOTE, "bifente reader serve is Linux's; in-process cards work everywhere"
        )
        return
    from bifente.reader.pcsclite import SocketPathRefused, runtime_folder

    given = os.environ.get("XDG_RUNTIME_DIR")
    try:
        folder = runtime_folder()
        trial = folder / f"doctor-{os.getpid()}"
        try:
            with socket.socket(socket.AF_UNIX) as one:
                one.bind(str(trial))
        finally:
            trial.unlink(missing_ok=True)
    except (SocketPathRefused, OSError) as error:
        yield Check(
            "sockets",
            State.PROBLEM,
            f"no socket can be made: {error}",
            "export XDG_RUNTIME_DIR=$(mktemp -d)",
        )
        return
    if given and not folder.is_relative_to(given):
        found = f"{folder}, for XDG_RUNTIME_DIR={given} is not a folder"
        yield Check("sockets", State.NOTE, found, "log in anew, or: unset XDG_RUNTIME_DIR")
    else:
        yield Check("sockets", State.OK, f"{folder}, yours alone")


def chosen_socket() -> Iterator[Check]:
    """PCSCLITE_CSOCK_NAME, when this shell sends PC/SC programs somewhere."""
    chosen = os.environ.get("PCSCLITE_CSOCK_NAME")
    if not chosen or not _LINUX:
        return
    name = "PCSCLITE_CSOCK_NAME"
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.settimeout(PATIENCE)
            one.connect(chosen)
    except OSError as error:
        yield Check(
            name,
            State.PROBLEM,
            f"{chosen}: {error.strerror or error}; PC/SC programs of this shell find no reader",
            "start bifente reader serve, or: unset PCSCLITE_CSOCK_NAME",
        )
    else:
        yield Check(name, State.OK, f"{chosen}: somebody serves it")


def pyscard() -> Iterator[Check]:
    """pyscard, imported in a process of its own: a broken binary ends that one only."""
    if not _module_there("smartcard"):
        yield Check("pyscard", State.NOTE, "not installed; only needed for real readers", _pyscard_cure())
        return
    done = run([sys.executable, "-c", "import smartcard.scard"])
    if done is not None and done.returncode == 0:
        yield Check("pyscard", State.OK, _version_of("pyscard"))
    else:
        why = _last_line(done.stderr) if done is not None else f"no answer within {PATIENCE:g} s"
        yield Check("pyscard", State.PROBLEM, f"installed, but: {why}", _pyscard_cure())


def libpcsclite() -> Iterator[Check]:
    """The library of PC/SC programs, and the protocol it asks for: what it sends to a socket of ours."""
    if not _LINUX:
        return
    from bifente.workbench.doctor.libraryprobe import library_protocol

    version = library_protocol(PATIENCE)
    if version is None:
        yield Check(
            "libpcsclite",
            State.NOTE,
            "not found; PC/SC programs bring it along",
            "apt install libpcsclite1",
        )
        return
    said = f"protocol {version[0]}:{version[1]}"
    if version[0] == SPOKEN[0][0] and version >= SPOKEN[0]:
        if version > SPOKEN[1]:
            said += f", newer than the {SPOKEN[1][0]}:{SPOKEN[1][1]} that bifente knows: it may refuse"
            yield Check("libpcsclite", State.NOTE, said, "look for a newer bifente")
        else:
            yield Check("libpcsclite", State.OK, f"{said}, spoken by bifente reader serve")
    else:
        spoken = " to ".join(f"{major}:{minor}" for major, minor in SPOKEN)
        cure = "update libpcsclite1, or use bifente reader serve --vpcd"
        yield Check("libpcsclite", State.NOTE, f"{said}; bifente reader serve speaks {spoken}", cure)


def pcscd() -> Iterator[Check]:
    """The system's daemon. It is not needed, except for real readers and for --vpcd."""
    if not _LINUX:
        return
    program = program_path("pcscd")
    running = _process_runs("pcscd")
    if running:
        yield Check("pcscd", State.OK, "running")
    elif _is_socket(PCSCD_SOCKET):
        yield Check(
            "pcscd", State.OK, "starts when a program wants it (or left its socket behind when it ended)"
        )
    elif program is None:
        found = "not installed; not needed for bifente reader serve"
        yield Check("pcscd", State.NOTE, found, "for real readers and --vpcd: apt install pcscd")
    else:
        found = "not running; not needed for bifente reader serve"
        yield Check(
            "pcscd",
            State.NOTE,
            found,
            "for real readers and --vpcd: systemctl start pcscd.socket (or, as root: pcscd)",
        )
    if program is not None:
        yield _polkit(program)


def _polkit(program: str) -> Check:
    """Whether polkit decides who may use pcscd, and lets this user."""
    done = run([program, "--version"])
    if done is None:
        return Check("polkit", State.NOTE, "pcscd does not say whether it asks polkit")
    if "polkit" not in done.stdout:
        return Check("polkit", State.OK, "this pcscd does not ask it")
    if os.geteuid() == 0:
        return Check("polkit", State.OK, "pcscd asks it; root may use pcscd")
    cure = (
        "use bifente reader serve, which needs no permission; or allow your group the actions "
        "org.debian.pcsc-lite.access_pcsc and access_card in /etc/polkit-1/rules.d; "
        "or, in a container, start pcscd --disable-polkit"
    )
    asked = run(["pkcheck", "--action-id", "org.debian.pcsc-lite.access_pcsc", "--process", str(os.getpid())])
    if asked is None:
        return Check("polkit", State.NOTE, "pcscd asks it, and it does not answer here", cure)
    if asked.returncode == 0:
        return Check("polkit", State.OK, "pcscd asks it; you may use pcscd")
    return Check("polkit", State.NOTE, "pcscd asks it, and you may not use pcscd from here", cure)


def vpcd() -> Iterator[Check]:
    """The virtual reader driver behind pcscd: configured, loaded, on which address, and how fast."""
    if not _LINUX:
        return
    from bifente.reader.vpcd.driver import configured_drivers
    from bifente.reader.vpcd.tcptable import tcp_sockets

    drivers = configured_drivers()
    if not drivers:
        found = "not configured; only needed for bifente reader serve --vpcd"
        yield Check("vpcd driver", State.NOTE, found, "apt install vsmartcard-vpcd, then restart pcscd")
        return
    table = tcp_sockets()
    for driver in drivers:
        where = f"{driver.file}: "
        if not driver.library.exists():
            cure = f"apt install --reinstall vsmartcard-vpcd, or remove {driver.file}"
            yield Check("vpcd driver", State.PROBLEM, f"{where}there is no {driver.library}", cure)
            continue
        if driver.host is not None:
            found = f"{where}calls {driver.host}, port {driver.port}"
            cure = "bifente must listen there, with cards in all slots, before pcscd starts"
            yield Check("vpcd driver", State.NOTE, found, cure)
            yield _speed(_by_library(driver.library))
            continue
        listening = sorted(driver.listeners(table), key=lambda one: one.port)
        if not listening:
            found = f"{where}to listen on port {driver.port}, and nobody does"
            yield Check(
                "vpcd driver", State.NOTE, found, "start pcscd: systemctl restart pcscd (or, as root: pcscd)"
            )
            yield _speed(_by_library(driver.library))
            continue
        ports = ", ".join(f"{one.address}:{one.port}" for one in listening)
        if any(one.on_every_address for one in listening):
            cure = (
                f"whoever reaches the port can be your card: close it in the firewall, or write "
                f"DEVICENAME localhost:{driver.port:#x} in {driver.file} (not with Debian 12's driver)"
            )
            yield Check("vpcd driver", State.NOTE, f"listens on {ports}: on every address", cure)
        else:
            yield Check("vpcd driver", State.OK, f"listens on {ports}")
        yield _speed(_by_question(driver.port))


def _by_library(library: Path) -> bool | None:
    from bifente.reader.vpcd.driver import probe_library

    facts = probe_library(library, PATIENCE)
    return None if facts is None else facts.whole_messages


def _by_question(port: int) -> bool | None:
    from bifente.reader.vpcd.driver import probe_listening

    return probe_listening(port)


def _speed(whole: bool | None) -> Check:
    """The driver sends a message whole, or the slow way."""
    name = "vpcd speed"
    if whole is None:
        package = run(["dpkg-query", "--show", "--showformat=${Version}", "vsmartcard-vpcd"])
        version = package.stdout.strip() if package is not None and package.returncode == 0 else ""
        if version not in _SLOW_PACKAGES:
            return Check(
                name, State.NOTE, "cannot be tried now", "run doctor while pcscd runs, without cards"
            )
        whole = False
    if whole:
        return Check(name, State.OK, "the driver sends each message whole")
    return Check(
        name,
        State.NOTE,
        "a slow driver: other cards get some 20 commands a second; bifente's get thousands",
        "nothing for bifente; for other cards a vsmartcard of 2023 or later",
    )


_SLOW_PACKAGES: Final = frozenset({"3.3+dfsg-1", "3.3+dfsg-2"})


def clients() -> Iterator[Check]:
    """The programs of others that use our cards."""
    from bifente.workbench.doctor import clients as doctorclients

    yield from doctorclients.checks()
    yield from doctorclients.helpers()


CHECKS: Final[tuple[Callable[[], Iterator[Check]], ...]] = (
    python,
    folders,
    sockets,
    chosen_socket,
    pyscard,
    libpcsclite,
    pcscd,
    vpcd,
    clients,
)
"""In the order of the screen: what everything needs, then way by way."""


def run(
    command: list[str], environment: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str] | None":
    """What a program says; None when it is not there or does not end in time."""
    try:
        return subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def program_path(name: str) -> str | None:
    """The path of a system program, whose folder may be missing in a user's PATH."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")


def _process_runs(name: str) -> bool:
    """A process of that name runs (proc(5), ``comm``)."""
    for one in Path("/proc").glob("[0-9]*/comm"):
        try:
            if one.read_text(encoding="utf-8", errors="replace").strip() == name:
                return True
        except OSError:
            continue
    return False


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except OSError:
        return False


def _module_there(name: str) -> bool:
    from importlib.util import find_spec

    return find_spec(name) is not None


def _version_of(distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return "installed"


def _pyscard_cure() -> str:
    from bifente.reader.pyscard import CURE

    return CURE.partition(". ")[2]


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it ended without a word"])[-1]
