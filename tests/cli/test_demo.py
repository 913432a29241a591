"""``bifente demo``: what it says, what it leaves, and that what it says of it is true."""

import errno
import json
import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from keypool import KeySource

from bifente.applets.perso.make import build
from bifente.applets.store.stores import SqliteStore
from bifente.cli.demo.screen import openssl_command
from bifente.cli.main import main
from bifente.igc import Authority


@pytest.fixture(autouse=True)
def pooled(
    pooled_authority: Authority, pooled_source: KeySource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bifente.workbench.authority.default_folder", lambda: pooled_authority.directory)
    monkeypatch.setitem(build.personalise.__kwdefaults__ or {}, "keys", pooled_source)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.mark.parametrize("day", [date.today(), date(2027, 1, 15), date(2008, 6, 1)])
def test_the_command_that_it_prints_verifies_the_sheet(
    day: date, tmp_path: Path, capsys: pytest.CaptureFixture[str], require_tool: Callable[[str], str]
) -> None:
    require_tool("openssl")
    assert main(["demo", "--date", day.isoformat(), "-o", str(tmp_path / "a demo"), "--accept"]) == 0
    assert openssl_command(day) in capsys.readouterr().out
    done = subprocess.run(
        shlex.split(openssl_command(day)),
        cwd=tmp_path / "a demo",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("virtual_cards")
def test_an_official_card_on_the_day_of_its_rights(
    virtual_cards: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = next(path for path in virtual_cards if path.name == "0101.in")
    arguments = [
        "demo",
        "--vitale",
        str(content),
        "--date",
        "2008-06-01",
        "--json",
        "-o",
        str(tmp_path / "x"),
    ]
    assert main(arguments) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["care_date"], facts["problems"]) == ("2008-06-01", [])
    assert "31323334" not in json.dumps(facts["apdus"])


def test_a_narrow_screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert main(["demo", "-o", str(tmp_path / "x")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("VERIFY PIN 01" in line for line in lines)
    assert len(lines) < 150


@pytest.mark.parametrize(
    ("cps", "code", "cents"),
    [("gp", "G", 3000), ("nurse", "AMI", 315), ("pharmacist", "BMI", 6000), ("dentist", "C", 2300)],
)
def test_each_profession_bills_an_act_of_its_own(
    cps: str, code: str, cents: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--cps", cps, "--json", "-o", str(tmp_path / "x")]) == 0
    (act,) = json.loads(capsys.readouterr().out)["sheet"]["sheet"]["acts"]
    assert (act["code"], act["amount"]) == (code, cents)


@pytest.mark.parametrize("cps", ["hospital-cpe", "director-cde", "cpa"])
def test_who_bills_nothing(cps: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--cps", cps]) == 3
    assert capsys.readouterr().err.splitlines() == [
        "bifente: this CPS has no situation de facturation: its holder bills nothing",
        "hint: bifente demo --cps gp, or dentist, nurse, pharmacist",
    ]


def test_a_pin_that_is_given_is_presented(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["demo", "--pin", "9999"]) == 6
    assert "2 tries left" in capsys.readouterr().err
    monkeypatch.setenv("BIFENTE_PIN", "9999")
    assert main(["demo", "-o", str(tmp_path / "x")]) == 0, (
        "the PIN of a profile is nearer than the environment"
    )


def test_what_may_be_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--accept", "--vitale", "vitale-expired"]) == 10
    assert "the certificate ended" in capsys.readouterr().err
    assert main(["demo", "--help"]) == 0
    assert "a certificate that has ended is refused" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--vitale", "vitale-expired"], 10), (["--vitale", "none.card"], 4), (["--cps", "vitale-single"], 3)],
)
def test_a_demo_that_fails_leaves_no_folder_that_it_has_not_named(
    arguments: list[str], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", *arguments]) == code
    assert capsys.readouterr().err.startswith("bifente: ")
    assert os.listdir(tmp_path) == []


def test_what_it_leaves_is_for_its_owner_only(tmp_path: Path) -> None:
    assert main(["demo", "-o", str(tmp_path / "x"), "--svg", str(tmp_path / "a picture.svg")]) == 0
    left = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "x").iterdir()}
    assert left == dict.fromkeys(
        ("cps.card", "vitale.card", "sheet.json", "sheet.p7m", "roots.pem", "trace.jsonl"), 0o600
    )
    assert (tmp_path / "a picture.svg").read_text(encoding="utf-8").startswith("<svg")


def test_a_picture_for_which_there_is_no_room(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "pictures"
    place.mkdir()

    def full(_: int) -> None:
        if any(path.name.endswith(".tmp") for path in place.iterdir()):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    (place / "x.svg").write_text("old")
    assert main(["demo", "-o", str(tmp_path / "x"), "--svg", str(place / "x.svg")]) == 12
    assert f"bifente: {place / 'x.svg'}: No space left on device" in capsys.readouterr().err
    assert os.listdir(place) == ["x.svg"]
    assert (place / "x.svg").read_text() == "old"


def test_the_sheet_says_itself_that_its_form_is_synthetic(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "said"
    assert main(["demo", "-o", str(folder)]) == 0
    screen = capsys.readouterr().out
    assert "synthetic" in screen
    assert "rights signed by their issuer FRVTBF01" in screen
    assert "names and situation de facturation signed by their issuer FRCTBF01" in screen
    sheet = json.loads((folder / "sheet.json").read_text())
    assert (sheet["provenance"], sheet["format"]) == ("synthetic", "bifente-sheet/3")


def test_a_signed_sheet_is_verified_as_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "verified"
    assert main(["demo", "-o", str(folder)]) == 0
    capsys.readouterr()
    signed = folder / "sheet.p7m"
    assert main(["sheet", "verify", str(signed)]) == 0
    assert "both signatures hold" in capsys.readouterr().out
    assert main(["sheet", "verify", str(signed), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["version"], facts["not_proven"], facts["provenance"]) == (3, [], "synthetic")
    assert facts["issued"] == {"rights": date.today().isoformat(), "professional": date.today().isoformat()}
    broken = bytearray(signed.read_bytes())
    broken[len(broken) // 2] ^= 1
    signed.write_bytes(broken)
    assert main(["sheet", "verify", str(signed)]) != 0
    assert capsys.readouterr().err.startswith("bifente: ")
    signed.write_bytes(bytes(200_000))
    assert main(["sheet", "verify", str(signed)]) != 0
    assert main(["sheet", "verify", str(folder / "none.p7m")]) != 0


def test_a_vitale_made_before_is_said_not_to_be_proven(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "old"
    assert main(["demo", "-o", str(folder)]) == 0
    card = folder / "vitale.card"
    with SqliteStore(card) as store:
        store.commit({"file/3F00/0001/2003": None})
    capsys.readouterr()
    assert main(["demo", "-o", str(tmp_path / "again"), "--vitale", str(card), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["issued"]["rights"] is None
    assert "not proven" in facts["not_proven"][0]
    assert main(["demo", "-o", str(tmp_path / "third"), "--vitale", str(card)]) == 0
    assert "not proven by their issuer" in capsys.readouterr().out
