"""``bifente fse caisse``."""

import json
import shutil
import stat
from pathlib import Path

import pytest
from keypool import KeySource

from bifente.cli.main import main
from bifente.fse.post import MaildirPost
from bifente.igc import Authority


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["fse", "caisse", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def folder(
    tmp_path: Path, pooled_authority: Authority, pooled_source: KeySource, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Where a caisse is to be; the default authority is one whose keys are made already."""
    igc = tmp_path / "igc"
    shutil.copytree(pooled_authority.directory, igc, ignore=shutil.ignore_patterns("register*"))
    monkeypatch.setattr("bifente.workbench.authority.default_folder", lambda: igc)
    monkeypatch.setitem(Authority.issue_caisse.__kwdefaults__ or {}, "key_source", pooled_source)
    return str(tmp_path / "caisse")


def test_a_caisse_is_made_and_shown(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "init", folder, "--organisme", "01349", "--organisme", "01996", "--json")
    made = json.loads(out)
    assert code == 0
    assert made["address"] == "01349@349.01.rss.test"
    assert made["organismes"] == ["01349", "01996"]
    assert made["provenance"] == "synthetic"
    assert {path.name for path in Path(folder).iterdir()} >= {"caisse.yaml", "caisse.db", "caisse.key"}
    private = (Path(folder) / name for name in ("caisse.yaml", "caisse.db", "caisse.key", "post.yaml"))
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in private)
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


def test_a_round_through_the_mailbox(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "init", folder)
    surgery = MaildirPost(Path(folder) / "mail", "durif@medical.rss.test")
    MaildirPost(Path(folder) / "mail", "01349@349.01.rss.test")
    surgery.send(b"From: a@b\r\n\r\nhello\r\n", sender="a@b", recipient="01349@349.01.rss.test")
    code, out, _ = run(capsys, "serve", folder, "--once", "--json")
    assert code == 0
    assert json.loads(out) == {
        "closed": False,
        **dict.fromkeys(("seen", "accepted", "refused", "repeated", "sent"), 0),
        "mails": 1,
        "unreadable": 1,
    }
    code, out, _ = run(capsys, "settle", folder, "--date", "2026-12-01", "--json")
    assert json.loads(out)["returns"] == 0
    code, out, _ = run(capsys, "journal", folder, "--last", "1", "--json")
    assert json.loads(out)[0]["event"] == "unreadable"


def test_rules_close_the_mailbox(folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "init", folder)
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules:\n  - {do: close, from: 2020-01-01, until: 2190-01-01}\n")
    code, out, _ = run(capsys, "serve", folder, "--once", "--rules", str(rules))
    assert (code, out) == (0, "the mailbox is closed, by a rule\n")
    rules.write_text("rules:\n  - {do: sing}\n")
    code, _, err = run(capsys, "serve", folder, "--once", "--rules", str(rules))
    assert code == 3
    assert "rules.yaml:2: rules[1]" in err


def test_a_key_that_is_not_one(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "init", folder)
    (Path(folder) / "caisse.key").write_text("no key")
    code, _, err = run(capsys, "serve", folder, "--once")
    assert code == 3
    assert "cannot be read" in err
