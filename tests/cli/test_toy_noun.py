"""A noun of the command line is added by one module (``tests/support/toynoun.py``) and one line."""

from pathlib import Path

import pytest
from issued import records

from bifente.applets.store.stores import create_card_file
from bifente.cli import main as entrance
from bifente.cli.main import main


@pytest.fixture(autouse=True)
def one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(entrance.COMMANDS, "toy", ("toynoun:toy", "Say what kind of card a file is."))


def test_it_is_listed_and_helps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "toy         Say what kind of card a file is." in capsys.readouterr().out
    assert main(["toy", "--help"]) == 0
    assert "X.card" in capsys.readouterr().out


def test_it_runs_and_its_errors_have_line_hint_and_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    create_card_file(tmp_path / "x.card", records("gp"))
    assert main(["toy", str(tmp_path / "x.card"), "--json"]) == 0
    assert capsys.readouterr().out == '{\n  "kind": "cps3"\n}\n'
    assert main(["toy", str(tmp_path / "none.card")]) == 4
    said = capsys.readouterr().err.splitlines()
    assert said[0].endswith("none.card: no such card file")
    assert said[1] == "hint: check the path; or make a card: bifente card create PROFILE -o X.card"


def test_a_slip_in_its_name_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["toyy"]) == 2
    assert "Did you mean 'toy'?" in capsys.readouterr().err
