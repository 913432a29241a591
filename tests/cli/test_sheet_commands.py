"""``bifente sheet``: what it prints, for people and programs, and the one line of each refusal."""

import json
import sys
from pathlib import Path

import pytest
from issued import authority, records

from bifente.applets.store.stores import create_card_file
from bifente.cli.errors import ExitCode
from bifente.cli.main import main


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, profile in (("doctor", "gp"), ("patient", "vitale-family"), ("nurse", "nurse")):
        create_card_file(tmp_path / f"{name}.card", records(profile))
    (tmp_path / "igc").symlink_to(authority().directory)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BIFENTE_PIN", "1234")
    return tmp_path


MAKE = ["sheet", "make", "--cps", "doctor.card", "--vitale", "patient.card", "--igc", "igc"]


@pytest.mark.usefixtures("desk")
def test_a_sheet_is_made_shown_explained_printed_and_verified(capsys: pytest.CaptureFixture[str]) -> None:
    made = [*MAKE, "--act", "G fee=45.00", "--pathway", "T", "--amo", "-o", "sheet.p7m"]
    assert main(made) == 0
    said = capsys.readouterr()
    assert "signed by both cards and verified" in said.out
    assert "base 30.00 €, 70 %, AMO 21.00 €" in said.out
    assert "note: act 1 (G): 45.00 € charged, more than the base 30.00 €" in said.out
    assert said.err == ""
    assert Path("sheet.p7m").stat().st_mode & 0o777 == 0o600
    assert main(made) == ExitCode.BAD_INPUT
    assert "is there already" in capsys.readouterr().err
    assert main([*made, "--force", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["total"], facts["amo"], facts["version"]) == (4500, 2100, 3)
    assert facts["verified"] == {"cps": True, "vitale": True}

    assert main(["sheet", "show", "sheet.p7m"]) == 0
    assert "nothing is verified here" in capsys.readouterr().out
    assert main(["sheet", "show", "sheet.p7m", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["form"] == "signed"
    assert main(["sheet", "explain", "sheet.p7m"]) == 0
    assert "70 % of 30.00" in capsys.readouterr().out
    assert main(["sheet", "explain", "sheet.p7m", "--json"]) == 0
    steps = json.loads(capsys.readouterr().out)["steps"]
    assert [step["amount"] for step in steps if step["what"] == "amo"] == [2100]
    assert main(["sheet", "verify", "sheet.p7m", "--igc", "igc"]) == 0
    assert "both signatures hold" in capsys.readouterr().out


@pytest.mark.usefixtures("desk")
def test_on_paper(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("reportlab", reason="the extra figures is not installed")
    assert main([*MAKE, "--act", "G", "-o", "sheet.p7m"]) == 0
    assert main(["sheet", "pdf", "sheet.p7m", "-o", "sheet.pdf"]) == 0
    assert "specimen, synthetic" in capsys.readouterr().out
    assert Path("sheet.pdf").read_bytes().startswith(b"%PDF-")


def test_without_reportlab_one_line_says_what_to_install(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*MAKE, "--act", "G", "-o", "sheet.p7m"]) == 0
    for name in ("reportlab", "reportlab.lib", "reportlab.lib.pagesizes"):
        monkeypatch.setitem(sys.modules, name, None)
    capsys.readouterr()
    assert main(["sheet", "pdf", "sheet.p7m", "-o", "sheet.pdf"]) == ExitCode.BAD_INPUT
    error = capsys.readouterr().err
    assert "printing needs reportlab" in error
    assert ".[figures]" in error
    assert not (desk / "sheet.pdf").exists()


def test_modes_f_and_d(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "acts.yaml").write_text(
        "insured: {nir: '2801399999999', key: '85', regime: '01', caisse: '349', centre: '9881',\n"
        "          name: TESSIER, given_name: CLAIRE, birth_date: 1980-01-01}\n"
        "acts: [AMI 4]\n",
        encoding="utf-8",
    )
    common = ["sheet", "make", "--cps", "nurse.card", "--igc", "igc", "--from", "acts.yaml"]
    assert main([*common, "--mode", "F", "-o", "f.p7m"]) == 0
    said = capsys.readouterr().out
    assert "signed by the CPS" in said
    assert "note: no Vitale has signed (mode F)" in said
    assert main(["sheet", "verify", "f.p7m", "--igc", "igc", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["verified"] == {"cps": True, "vitale": False}
    assert facts["vitale"] is None
    assert main(["sheet", "verify", "f.p7m", "--igc", "igc"]) == 0
    assert "the signature of the CPS holds" in capsys.readouterr().out
    assert main([*common, "--mode", "D", "-o", "d.json"]) == 0
    assert "not signed: print it" in capsys.readouterr().out
    assert main([*common, "--mode", "F", "--vitale", "patient.card", "-o", "x"]) == ExitCode.USAGE
    assert (
        main(
            ["sheet", "make", "--cps", "nurse.card", "--igc", "igc", "--act", "AMI", "--mode", "F", "-o", "x"]
        )
        == 3
    )
    assert not (desk / "x").exists()


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (["--act", "g"], ExitCode.BAD_INPUT, "does not begin with the code"),
        ([], ExitCode.USAGE, "at least one act"),
        (["--act", "G", "--prescribed", "2026-11-01"], ExitCode.USAGE, "needs --prescriber"),
        (["--act", "G", "--accident-number", "1"], ExitCode.USAGE, "needs --accident"),
        (["--act", "G", "--prescriber", "12"], ExitCode.BAD_INPUT, "9 digits"),
        (["--act", "G", "--pin", "9999"], ExitCode.WRONG_PIN, "2 tries left"),
        (["--act", "G", "--from", "none.yaml"], ExitCode.BAD_INPUT, "none.yaml"),
        (["--act", "G", "--rights", "doctor.card"], ExitCode.BAD_INPUT, "a card file"),
        (["--act", "G", "--date", "2015-01-05"], ExitCode.BAD_INPUT, "rights"),
        (["--act", "XYZ"], ExitCode.BAD_INPUT, "XYZ"),
    ],
)
def test_one_line_says_what_is_wrong(
    desk: Path, capsys: pytest.CaptureFixture[str], more: list[str], code: ExitCode, words: str
) -> None:
    assert main([*MAKE, *more, "-o", "sheet.p7m"]) == code
    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error
    assert not (desk / "sheet.p7m").exists()
