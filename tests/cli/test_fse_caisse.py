"""``bifente fse caisse``."""

import json
import stat
from pathlib import Path

import pytest

from bifente.cli.main import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["fse", "caisse", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "caisse")


def test_a_caisse_is_made_and_shown(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "init", folder, "--organisme", "01349", "--organisme", "01996", "--json")
    made = json.loads(out)
    assert code == 0
    assert made["address"] == "01349@349.01.rss.fr"
    assert made["organismes"] == ["01349", "01996"]
    assert made["provenance"] == "synthetic"
    assert {path.name for path in Path(folder).iterdir()} >= {"caisse.yaml", "caisse.db"}
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in Path(folder).iterdir())
    code, out, _ = run(capsys, "status", folder, "--json")
    assert code == 0
    assert json.loads(out)["lots"]["accepted"] == 0
    code, out, _ = run(capsys, "journal", folder)
    assert code == 0
    assert "made: Caisse d'essai for 01349, 01996" in out


def test_what_is_wrong_is_one_line(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "status", folder)
    assert code == 3
    assert err.splitlines() == [
        f"bifente: there is no caisse in {folder}",
        "hint: bifente fse caisse init DIR makes one",
    ]
    code, _, err = run(capsys, "init", folder, "--organisme", "349")
    assert code == 3
    assert "organismes[1]" in err
    assert not Path(folder).exists()
    run(capsys, "init", folder)
    code, _, err = run(capsys, "init", folder)
    assert code == 3
    assert "is there already" in err


def test_a_mistake_in_the_settings_is_named_with_its_line(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "init", folder)
    settings = Path(folder) / "caisse.yaml"
    settings.write_text(settings.read_text() + "settle_after: soon\nunknown: 1\n")
    code, _, err = run(capsys, "status", folder)
    assert code == 3
    last = len(settings.read_text().splitlines())
    assert f"caisse.yaml:{last - 1}: settle_after: " in err
    assert f"caisse.yaml:{last}: unknown: is not known here" in err
