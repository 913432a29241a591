"""Unmodified programs at a desk with our cards: Debian's packages, each in a process of its own."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from clients import Desk

collect_ignore_glob = [] if sys.platform.startswith("linux") else ["test_*.py"]

MakeDesk = Callable[..., "Desk"]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[MakeDesk]:
    """``desk("gp", "vitale-single")`` serves fresh cards of these profiles until the test ends; None: empty slot."""
    from clients import Desk, card

    with ExitStack() as open_desks:

        def made(cps: str | None = None, vitale: str | None = None, *, variant: str = "") -> Desk:
            first = card(cps, variant) if cps else None
            second = card(vitale) if vitale else None
            return open_desks.enter_context(Desk(tmp_path, first, second))

        yield made


@pytest.fixture(scope="session")
def require_tool(require_tool: Callable[[str], str]) -> Callable[[str], str]:
    """Finds servers too: they lie in /usr/sbin, which the PATH of most users does not name."""
    return lambda name: shutil.which(name, path="/usr/sbin:/sbin") or require_tool(name)


@pytest.fixture(scope="session")
def require_library() -> Callable[[str, str], str]:
    """``require_library(pattern below /usr/lib, package)`` is a path; a missing one is treated as a missing tool."""

    def path_of(pattern: str, package: str) -> str:
        found = sorted(str(path) for path in Path("/usr/lib").glob(pattern))
        if found:
            return found[0]
        reason = f"{package} is not installed"
        if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
            pytest.fail(f"{reason} (CI=true: this must be there)")
        pytest.skip(reason)

    return path_of


@pytest.fixture(scope="session")
def opensc_module(require_tool: Callable[[str], str], require_library: Callable[[str, str], str]) -> str:
    """The path of OpenSC's PKCS#11 module."""
    require_tool("opensc-tool")
    return require_library("*/opensc-pkcs11.so", "opensc-pkcs11")


@pytest.fixture(scope="session")
def engine(require_tool: Callable[[str], str], require_library: Callable[[str, str], str]) -> str:
    """The path of OpenSSL's PKCS#11 engine."""
    require_tool("openssl")
    return require_library("*/engines-3/pkcs11.so", "libengine-pkcs11-openssl")


@pytest.fixture(scope="session")
def opensc_release(require_tool: Callable[[str], str]) -> str:
    """``0.23`` on Debian 12; what OpenSC itself refuses differs from release to release."""
    told = subprocess.run(
        [require_tool("opensc-tool"), "-i"], capture_output=True, text=True, timeout=20, check=True
    ).stdout
    found = re.search(r"^OpenSC (\d+\.\d+)", told, re.MULTILINE)
    assert found, told
    return found[1]
