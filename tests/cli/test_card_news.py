"""What the commands that change a card say: old → new, what was noticed; and that nothing is lost without --force."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from keypool import cycling

from bifente.applets.perso import personalise, read_profile
from bifente.applets.store.stores import create_card_file, read_snapshot
from bifente.cli.main import cli, main
from bifente.igc import Authority


@pytest.fixture
def folder(
    tmp_path: Path,
    pooled_authority: Authority,
    pooled_keys: list[RSAPrivateKey],
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for profile, name in (("gp", "doctor.card"), ("vitale-family", "patient.card")):
        records = personalise(
            read_profile(profile), pooled_authority, keys=cycling(pooled_keys), today=date(2026, 1, 31)
        )
        create_card_file(tmp_path / name, records)
    return tmp_path


def test_block_says_how_many_tries_there_were(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", "block", "doctor.card"]) == 0
    assert capsys.readouterr().out == "pin/01/left: 3 → 0\n"
    assert main(["card", "block", "doctor.card"]) == 0
    assert capsys.readouterr().out == "nothing has changed: it was so already\n"
    assert main(["card", "block", "doctor.card", "--puk", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [change["where"] for change in said["changes"]] == ["pin/02/left"]
    assert (said["changes"][0]["new"], said["noticed"]) == ("0", [])


def test_set_says_old_and_new_and_what_is_odd_now(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", "set", "patient.card", "EF.ID/nom", "AUTRE", "--unsigned"]) == 0
    old, _, new = capsys.readouterr().out.strip().partition(" → ")
    assert old.startswith("EF.ID/porteur/nom: EXEMPLE")
    assert new == "AUTRE"
    assert main(["card", "set", "patient.card", "BEN01/104/qualité", "Z", "--unsigned"]) == 0
    shown = capsys.readouterr()
    assert shown.out.endswith("→ Z\n")
    assert shown.err.startswith("note: 104.14: qualité: ")
    assert main(["card", "set", "patient.card", "EF.ID/nom", "AUTRE", "--unsigned"]) == 0
    assert capsys.readouterr().out == "nothing has changed: it was so already\n"


def test_json_of_set_prints_and_a_value_in_json_has_its_own_option(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["card", "set", "patient.card", "EF.ID/nom", "AUTRE", "--json", "--unsigned"]) == 0
    (change,) = json.loads(capsys.readouterr().out)["changes"]
    assert (change["where"], change["new"]) == ("EF.ID/porteur/nom", "AUTRE")
    situation = '{"numero_logique": 5}'
    assert main(["card", "set", "doctor.card", "CPS_ACTIVITY_03_PS", situation, "--json", "--unsigned"]) == 3
    assert "--json-value" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "meant"),
    [("EF.IDD/nom", "EF.ID"), ("EF.ID/mom", "nom"), ("BEN01/104/date de naisance", "date de naissance")],
)
def test_a_slip_in_a_place_names_the_one_that_was_meant(
    folder: Path, path: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_snapshot(folder / "patient.card")
    assert main(["card", "set", "patient.card", path, "X"]) == 3
    assert f"did you mean {meant!r}" in capsys.readouterr().err.replace(
        f"did you mean {meant}?", f"did you mean {meant!r}?"
    )
    assert read_snapshot(folder / "patient.card") == before


def test_force_replaces_whole_files_only(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = read_snapshot(folder / "doctor.card")
    assert main(["card", "create", "t1test", "-o", "doctor.card"]) == 4
    assert "--force" in capsys.readouterr().err
    assert read_snapshot(folder / "doctor.card") == before
    assert main(["card", "create", "none.yaml", "-o", "doctor.card", "--force"]) == 3
    assert read_snapshot(folder / "doctor.card") == before
    assert main(["card", "create", "t1test", "-o", "doctor.card", "-f"]) == 0
    assert json.loads(read_snapshot(folder / "doctor.card")["meta"])["kind"] == "t1test"
    assert main(["card", "clone", "patient.card", "-o", "patient.card", "-f"]) == 3
    assert "is the card itself" in capsys.readouterr().err
    assert main(["card", "clone", "patient.card", "-o", "doctor.card", "-f"]) == 0
    assert read_snapshot(folder / "doctor.card") == read_snapshot(folder / "patient.card")
    (folder / "d.yaml").write_text("mine")
    assert main(["card", "dump", "patient.card", "-o", "d.yaml"]) == 3
    assert (folder / "d.yaml").read_text() == "mine"
    assert main(["card", "dump", "patient.card", "-o", "d.yaml", "--force"]) == 0
    assert (folder / "d.yaml").read_text().startswith("# Dump of card")
    assert main(["card", "create", "t1test", "-o", "/dev/null", "-f"]) == 4
    assert sorted(os.listdir(folder)) == ["d.yaml", "doctor.card", "patient.card"]


def test_a_card_in_use_is_not_replaced(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from bifente.applets.store.lock import CardLock

    lock = CardLock((folder / "doctor.card").resolve())
    lock.acquire()
    try:
        assert main(["card", "create", "t1test", "-o", "doctor.card", "-f"]) == 5
    finally:
        lock.release()


def completed(arguments: list[str], incomplete: str) -> list[str]:
    completion = ShellComplete(cli, {}, "bifente", "_BIFENTE_COMPLETE")
    return [one.value for one in completion.get_completions(arguments, incomplete)]


def test_places_slots_and_formats_are_completed(folder: Path) -> None:
    assert "EF.ID/porteur/nom" in completed(["card", "set", "patient.card"], "ef.id/p")
    places = completed(["card", "set", "patient.card"], "BEN01/104/")
    assert places
    assert completed(["card", "set", "patient.card"], "EF.NOPE") == []
    assert completed(["card", "set", "none.card"], "") == []
    assert completed(["reader", "remove"], "c") == ["CPS"]
    for command in (["trace", "show"], ["conform"], ["reader", "insert"]):
        assert completed([*command, "--slot"], "") == ["CPS", "Vitale"]
    assert completed(["reader", "swap"], "v") == ["Vitale"]
    assert "pcapng" in completed(["trace", "convert", "--to"], "pc")
    assert "vitale-family" in completed(["card", "create"], "vitale-f")


def test_every_completed_place_is_one_that_set_takes(folder: Path) -> None:
    from bifente.applets.perso.cardrecords import content_value, layout_of
    from bifente.applets.perso.edit.cardpath import at, locate, places, steps_to

    for name in ("doctor.card", "patient.card"):
        records = read_snapshot(folder / name)
        found = places(records)
        assert len(found) > 50
        assert len(set(found)) == len(found)
        for text in found:
            place = locate(layout_of(records), text)
            value = content_value(records, place.path)
            assert at(value, steps_to(place, value)) is not None or value is None, text


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="a read-only file system is mounted by root on Linux"
)
def test_a_card_in_a_read_only_place_is_pointed_to_ephemeral(folder: Path) -> None:
    script = (
        'mount -t tmpfs none "$1" && cp doctor.card "$1" && mount -o remount,ro "$1" && shift'
        ' && "$@" reader run there/doctor.card -- true; "$@" reader run --ephemeral there/doctor.card -- true'
    )
    (folder / "there").mkdir()
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", "there", sys.executable, "-m", "bifente"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=folder,
        env={**os.environ, "XDG_RUNTIME_DIR": str(folder / "run")},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("--ephemeral needs to read the file only") == 1
