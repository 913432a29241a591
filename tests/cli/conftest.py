"""A folder with cards that the commands work on, and what they say; mail servers."""

import os
import shutil
from collections.abc import Callable, Iterator

import mailservers
import pytest
from cardbench import Bench

from bifente.applets.perso.make import build
from bifente.igc import Authority


@pytest.fixture
def bench(tmp_path, pooled_authority, pooled_source, monkeypatch):
    """``personalise`` of the commands takes pooled keys; ``bifente card`` knows no option for that."""
    folder = tmp_path / "some cards"
    folder.mkdir()
    igc = tmp_path / "data" / "bifente" / "igc-test"
    shutil.copytree(pooled_authority.directory, igc, ignore=shutil.ignore_patterns("register*"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("bifente.workbench.authority.default_folder", lambda: igc)
    monkeypatch.setitem(build.personalise.__kwdefaults__, "keys", pooled_source)
    return Bench(folder, Authority.open(igc), pooled_source)


IN_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")


@pytest.fixture(scope="session")
def chain(require_tool: Callable[[str], str]) -> Iterator[mailservers.MailChain]:
    """Postfix for root, Exim for others; Dovecot."""
    make = mailservers.postfix_chain if os.getuid() == 0 else mailservers.exim_chain
    made = make(require_tool)
    try:
        servers = made.__enter__()
    except LookupError as missing:
        (pytest.fail if IN_CI else pytest.skip)(f"{missing} (.ci/system-packages test)")
    try:
        yield servers
    finally:
        made.__exit__(None, None, None)
