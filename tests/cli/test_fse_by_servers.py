"""A surgery and a caisse on the command line, with real mail servers between them."""

import json
from datetime import date, timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest
from cardbench import Bench
from mailservers import CABINET, CAISSE, MailChain, post_settings

from bifente.cli.main import main
from bifente.igc import Authority


def ran(capsys: pytest.CaptureFixture[str], *command: str) -> object:
    """The JSON that a command prints."""
    capsys.readouterr()
    assert main([*command, "--json"]) == 0, command
    return json.loads(capsys.readouterr().out)


def until(capsys: pytest.CaptureFixture[str], done: str, *command: str) -> object:
    """The first answer of a command in which something has come: servers deliver after they have taken a mail."""
    deadline = monotonic() + 20
    while monotonic() < deadline:
        found = ran(capsys, *command)
        if (isinstance(found, dict) and found[done]) or (isinstance(found, list) and found):
            return found
        sleep(0.05)
    raise AssertionError(f"nothing has come: {command}")


def test_a_day_by_smtp_pop3_and_imap(
    bench: Bench,
    chain: MailChain,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(bench.folder)
    monkeypatch.setitem(Authority.issue_caisse.__kwdefaults__ or {}, "key_source", bench.source)
    bench.card("gp", "doctor.card")
    bench.card("vitale-family", "patient.card")
    ran(capsys, "fse", "caisse", "init", "caisse")
    ran(capsys, "fse", "cabinet", "init", "surgery", "--caisse", "caisse")
    for folder, address, receiving in (("caisse", CAISSE, "imap"), ("surgery", CABINET, "pop3")):
        settings = Path(post_settings(chain, address, receiving, Path(folder)))
        settings.rename(Path(folder) / "post.yaml")
    surgery = ("--cabinet", "surgery")
    cards = ("--cps", "doctor.card", "--pin", "1234")
    ran(capsys, "sheet", "make", *cards, "--vitale", "patient.card", "--act", "G", "--amo", "-o", "1.p7m")
    ran(capsys, "fse", "cabinet", "add", "1.p7m", *surgery)
    ran(capsys, "fse", "cabinet", "lots", *cards, *surgery)
    assert len(ran(capsys, "fse", "cabinet", "send", *surgery)["lots"]) == 1  # type: ignore[index,call-overload]
    served = until(capsys, "mails", "fse", "caisse", "serve", "caisse", "--once", "--no-settle")
    assert (served["mails"], served["accepted"], served["sent"]) == (1, 1, 1)  # type: ignore[index,call-overload]
    assert [mail["kind"] for mail in until(capsys, "", "fse", "cabinet", "collect", *surgery)] == ["arl"]  # type: ignore[attr-defined]
    later = (date.today() + timedelta(days=30)).isoformat()
    ran(capsys, "fse", "caisse", "settle", "caisse", "--date", later)
    assert [mail["kind"] for mail in until(capsys, "", "fse", "cabinet", "collect", *surgery)] == ["rsp"]  # type: ignore[attr-defined]
    assert [one["state"] for one in ran(capsys, "fse", "cabinet", "list", *surgery)] == ["paid"]  # type: ignore[attr-defined]
    assert ran(capsys, "fse", "cabinet", "collect", *surgery) == []
