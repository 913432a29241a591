"""What every test may ask for: tools, data that lie beside the checkout, hypothesis profiles."""

import importlib.util
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["keypool"]

# Compiled modules are kept, even where PYTHONDONTWRITEBYTECODE is set: without them each of the hundreds of programs that
# the tests start would compile all of bifente first. Set here, it holds for pytest's workers and for these programs.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

IN_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")
"""With ``CI=true`` a missing tool is a failure: a run that skips must not look like a run that passes."""

settings.register_profile("dev", max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("dev"), print_blob=True)
settings.register_profile("long", parent=settings.get_profile("dev"), max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if IN_CI else "dev"))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Modules skip themselves without pyscard; under CI=true they must not have to.

    A run in the background of a script is started with SIGINT and SIGQUIT ignored, and under nohup with SIGHUP; the
    programs it starts would ignore them too: the tests that press Ctrl-C would wait in vain.
    """
    for number, usual in (
        (signal.SIGINT, signal.default_int_handler),
        *((getattr(signal, name, None), signal.SIG_DFL) for name in ("SIGHUP", "SIGQUIT", "SIGTERM")),
    ):
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)
    if IN_CI and importlib.util.find_spec("smartcard") is None:
        raise pytest.UsageError("pyscard is not installed (CI=true: this must be there)")


@pytest.fixture(scope="session", autouse=True)
def _pcsc_of_this_process() -> None:
    """libpcsclite asks once in the life of a process where its service is, and any test of a command may let it ask.

    So it is told first, whichever test comes first, that it is this process: there ``over_socket`` serves.
    """
    if not sys.platform.startswith("linux") or importlib.util.find_spec("smartcard") is None:
        return
    from bifente.reader.errors import ServiceAbsent
    from bifente.reader.pyscard.relay import reader_names
    from bifente.workbench import targets

    path, first = targets._socket_path()
    assert first
    with targets._environment({"PCSCLITE_CSOCK_NAME": str(path)}), pytest.raises(ServiceAbsent):
        reader_names()
    shutil.rmtree(path.parent)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What may take longer than others begins first: at the end, one worker would wait for it alone."""
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)


def _missing(reason: str) -> None:
    if IN_CI:
        pytest.fail(f"{reason} (CI=true: this must be there)")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def require_tool() -> Callable[[str], str]:
    """``require_tool("openssl")`` is the path of a program; without it the test is skipped, or fails under CI=true."""

    def path_of(name: str) -> str:
        path = shutil.which(name, path=os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/sbin")))
        if path is None:
            _missing(f"the program {name} is not installed")
        return str(path)

    return path_of


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the official fictitious Vitale contents and the recorded dialogues.

    They are not ours to redistribute: the folder lies beside the checkout, or where BIFENTE_SHARED says.
    """
    beside = Path(__file__).parents[2] / "shared"
    folder = Path(os.environ.get("BIFENTE_SHARED", beside)) / "data"
    if not folder.is_dir():
        pytest.skip(
            "the official test cards are not here (set BIFENTE_SHARED to the folder that holds data/)"
        )
    return folder


@pytest.fixture(scope="session")
def virtual_cards(shared_data: Path) -> list[Path]:
    """The official fictitious Vitale contents, in the order of their names."""
    return sorted((shared_data / "vitale-virtual").glob("*.in"))
