"""The page of the care sheet: what it says in Python runs, and its file of YAML is one."""

import re
from datetime import date
from pathlib import Path

import pytest
from keypool import KeySource

from bifente.applets.perso import personalise, read_profile
from bifente.applets.store.stores import create_card_file
from bifente.igc import Authority
from bifente.workbench.sheets.written import read_written

PAGE = (Path(__file__).parents[3] / "docs" / "sheet.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The only block in that language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def test_from_pin_to_verified_sheet(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    pooled_authority: Authority,
    pooled_source: KeySource,
) -> None:
    for name, profile in (("doctor", "gp"), ("patient", "vitale-family")):
        made = personalise(read_profile(profile), pooled_authority, keys=pooled_source, today=date.today())
        create_card_file(tmp_path / f"{name}.card", made)
    (tmp_path / "igc").symlink_to(pooled_authority.directory)
    monkeypatch.chdir(tmp_path)
    exec(compile(block("python"), "docs/sheet.md", "exec"), {"__name__": "page"})
    assert capsys.readouterr().out == "4260 cents, CLAUDE\n"


def test_the_file(tmp_path: Path) -> None:
    path = tmp_path / "acts.yaml"
    path.write_text(block("yaml"), encoding="utf-8")
    written = read_written(path)
    assert [act.code for act in written.acts] == ["G", "AMI", "AMI"]
    assert written.third_party.complementary == "vitale"
