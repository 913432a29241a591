"""``bifente fse b2 check`` and ``show``: what they print, and their exit codes."""

import json
from pathlib import Path

import pytest
from anyb2 import file_of, hospital_rows, invoice, lot

from bifente.cli.main import main
from bifente.fse.b2 import write_file

GOOD = write_file(file_of(lot(1, invoice(123))))
BAD = GOOD.replace(b"00003000000021000", b"00003001000021000").replace(b"DR TEST", b"DR \x1b[2J")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in (("good.b2", GOOD), ("bad.b2", BAD), ("cp.b2", write_file(hospital_rows()))):
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["good.b2", "cp.b2"])
def test_a_valid_file(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fse", "b2", "check", name]) == 0
    assert capsys.readouterr().out == f"{name}: valid\n"


@pytest.mark.usefixtures("folder")
def test_findings_with_place_rule_and_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fse", "b2", "check", "bad.b2"]) == 3
    said = capsys.readouterr().out.splitlines()
    assert said[0] == (
        "record 2 (1), byte 157, columns 30–69 nom: the character U+001B "
        "[DR \\x1b[2J EMULATEUR                       ] (characters, §1.1)"
    )
    assert said[1].startswith(
        "record 5 (5), byte 569, columns 58–65 total_facture: 3001, where the records add up"
    )
    assert said[-1] == "bad.b2: 4 findings"


@pytest.mark.usefixtures("folder")
def test_findings_as_json_and_limited(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fse", "b2", "check", "bad.b2", "--json", "--limit", "1"]) == 3
    said = json.loads(capsys.readouterr().out)
    assert (said["valid"], said["not_printed"]) == (False, 3)
    (only,) = said["findings"]
    assert (only["rule"], only["number"], only["columns"]) == ("characters", 2, "30–69")
    assert main(["fse", "b2", "check", "bad.b2", "--limit", "1"]) == 3
    assert "… and 3 more (--limit 4 prints them)" in capsys.readouterr().out


def test_remarks_leave_a_file_valid(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [GOOD[at : at + 128] for at in range(0, len(GOOD), 128)]
    (folder / "lines.b2").write_bytes(b"\r\n".join(rows))
    assert main(["fse", "b2", "check", "lines.b2"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "lines.b2: remark: the records are lines that end with CRLF (line-ends, §1.1)",
        "lines.b2: valid",
    ]


@pytest.mark.usefixtures("folder")
def test_a_file_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fse", "b2", "show", "good.b2"]) == 0
    said = capsys.readouterr().out
    assert "      4  Prestations réglées au partenaire de santé ou à l'assuré  (record 4, byte 384)\n" in said
    assert "certification    S  SESAM avec Vitale, sécurisée, chiffrée" in said
    assert "montant_amo      0002100  21.00 €" in said
    assert "date_acte        250310  2025-03-10" in said
    assert "montant_amc" not in said
    assert main(["fse", "b2", "show", "good.b2", "--all"]) == 0
    assert "122–128  montant_amc      0000000  0.00 €" in capsys.readouterr().out


@pytest.mark.usefixtures("folder")
def test_a_file_as_a_tree(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fse", "b2", "show", "cp.b2", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["norm"], said["form"]["line_ends"]) == ("CP", "none")
    ((only,),) = [one["invoices"] for one in said["lots"]]
    assert [row["record"] for row in only["continuations"]] == ["2S"]
    assert [(row["record"], len(row["details"])) for row in only["lines"]] == [("3", 4), ("4", 3), ("4", 2)]
    fraction = only["lines"][0]["details"][3]["fields"]["fractionnement"]
    assert fraction == {
        "columns": "57–61",
        "label": "Coefficient de fractionnement",
        "value": "0.5000",
        "meaning": "0.5000",
    }


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", [["show"], ["show", "--json"], ["check"], ["check", "--json"]])
def test_what_is_no_file_is_one_line(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("page.html").write_text("<html>\x1b", encoding="utf-8")
    assert main(["fse", "b2", *command, "page.html"]) == 3
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
    assert main(["fse", "b2", *command, "nowhere.b2"]) == 3
    assert capsys.readouterr().err.startswith("bifente: nowhere.b2: No such file")


def test_a_file_that_breaks_off_is_shown_up_to_there(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "cut.b2").write_bytes(GOOD[:700])
    assert main(["fse", "b2", "show", "cut.b2"]) == 3
    said = capsys.readouterr()
    assert "  1  Début de lot" in said.out
    assert said.err.splitlines() == [
        "bifente: record 6 (byte 640): 60 characters, not 128",
        "hint: bifente fse b2 check FILE says all that is wrong with a file",
    ]
