"""``bifente fse chaining``: two parties, two keys in files of their own, and lines between them."""

import stat
from pathlib import Path

import pytest

from bifente.cli.main import main

PEOPLE = "2801599999111;198015;2\n\n1801599999222;201502;2\n1801599999222;201502;2\n"


@pytest.fixture
def keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    made = [str(tmp_path / name) for name in ("first.key", "second.key")]
    for path in made:
        assert main(["fse", "chaining", "key", "-o", path]) == 0
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    capsys.readouterr()
    return made


def test_two_passes(keys: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people, hidden = tmp_path / "people.txt", tmp_path / "hidden.txt"
    people.write_text(PEOPLE, encoding="utf-8")
    assert main(["fse", "chaining", "first", "--key", keys[0], str(people)]) == 0
    hidden.write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["fse", "chaining", "second", "--key", keys[1], str(hidden)]) == 0
    numbers = capsys.readouterr().out.split()
    assert [len(number) for number in numbers] == [17, 17, 17]
    assert numbers[0] != numbers[1] == numbers[2]


def test_what_is_wrong_is_named_by_its_line(
    keys: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = tmp_path / "people.txt"
    people.write_text(PEOPLE + "2801599999111;198015;9\n", encoding="utf-8")
    assert main(["fse", "chaining", "first", "--key", keys[0], str(people)]) != 0
    said = capsys.readouterr().err
    assert "line 5: sex" in said
    assert "2801599999111" not in said


def test_a_key_is_not_replaced_and_no_other_file_is_one(
    keys: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Path(keys[0]).read_bytes()
    assert main(["fse", "chaining", "key", "-o", keys[0]]) != 0
    assert Path(keys[0]).read_bytes() == before
    people = tmp_path / "people.txt"
    people.write_text(PEOPLE, encoding="utf-8")
    assert main(["fse", "chaining", "first", "--key", str(people), str(people)]) != 0
    assert "of a key expected" in capsys.readouterr().err
