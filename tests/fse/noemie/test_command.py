"""``bifente fse noemie``: what a person sees of a NOEMIE file of anybody."""

import gzip
import json
from pathlib import Path

import pytest
from somereturn import some_noemie

from bifente.cli.main import main


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "return.noemie"
    path.write_bytes(some_noemie())
    return path


def test_a_valid_file_is_said_to_be_valid(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fse", "noemie", "check", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: valid\n"
    file.write_bytes(gzip.compress(some_noemie()))
    assert main(["fse", "noemie", "check", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"file": str(file), "valid": True, "findings": [], "not_printed": 0}


def test_each_finding_names_entity_place_field_rule_and_value(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(some_noemie().replace(b"15005AS", b"15005\x1bX", 1))
    assert main(["fse", "noemie", "check", str(file)]) == 3
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("block ")
    assert "entity 150 (no. 9), Nature de l'assurance: characters: " in first
    assert r"[\x1bX]" in first
    assert last == f"{file}: 1 finding"


def test_findings_by_our_reading_are_counted_apart(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = some_noemie()
    file.write_bytes(
        content[:-128] + content[-128:].replace(b"013", b"014", 1).replace(b"00000009600P", b"00000009601P")
    )
    assert main(["fse", "noemie", "check", str(file), "--limit", "1"]) == 3
    out = capsys.readouterr().out
    assert "… and " in out
    assert "by our reading of what is not public" in out
    assert main(["fse", "noemie", "check", str(file), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert {"published", "reading"} == {one["basis"] for one in told["findings"]}


def test_a_file_in_words(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fse", "noemie", "show", str(file)]) == 0
    out = capsys.readouterr().out
    for words in (
        "000  En-tête  (block 1, byte 0)",
        "Norme utilisée - référence de l'échange  576  the usual one proposed to professionals",
        "071  Date comptable et référence du virement",
        "28/11/2026",
        "00002100  21.00 €",
        "R  rejeté",
        "L'ASSURE EST ABSENT DE NOTRE REFERENTIEL",
        "RPR  retenue sur prestation",
        "00/13/80",
        "Cumul des montants du fichier",
    ):
        assert words in out
    assert main(["fse", "noemie", "show", str(file), "--all"]) == 0
    assert len(capsys.readouterr().out) > len(out)


def test_a_file_as_json(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fse", "noemie", "show", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    entities = {one["entity"]: one for one in told["entities"]}
    assert told["findings"] == []
    assert entities["250"]["fields"]["amount"] == {
        "label": "Montant du mouvement financier",
        "value": "00000500",
        "meaning": "5.00 €",
    }
    assert (entities["102"]["depth"], entities["999"]["depth"]) == (6, 0)


def test_what_cannot_be_read_is_said_beside_what_can(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(some_noemie()[:-128])
    assert main(["fse", "noemie", "show", str(file)]) == 0
    out, err = capsys.readouterr()
    assert "999" not in err.split(":")[0]
    assert "the file does not end with the entity 999" in err
    assert "102  Facture" in out


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "the file is empty"), (b"x" * 300, "does not begin with the entity 000"), (b"\x1f\x8bxx", "gzip")],
)
@pytest.mark.parametrize("command", ["check", "show"])
def test_what_is_not_noemie_is_one_line(
    command: str, content: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    assert main(["fse", "noemie", command, str(path)]) == 3
    error, hint = capsys.readouterr().err.splitlines()
    assert words in error
    assert hint.startswith("hint: a NOEMIE file begins with")


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fse", "noemie", "check", str(tmp_path / "none")]) == 3
    assert "No such file" in capsys.readouterr().err
