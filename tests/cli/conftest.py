"""A folder with cards that the commands work on, and what they say."""

import shutil

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
    shutil.copytree(pooled_authority.directory, igc)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("bifente.workbench.authority.default_folder", lambda: igc)
    monkeypatch.setitem(build.personalise.__kwdefaults__, "keys", pooled_source)
    return Bench(folder, Authority.open(igc), pooled_source)
