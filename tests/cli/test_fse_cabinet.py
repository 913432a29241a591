"""``bifente fse cabinet``: a surgery's day on the command line, and what is said when something stands in its way."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from farcaisse import FarCaisse
from keypool import KeySource, cycling
from sheetbytes import care_sheet, degraded, unsigned

from bifente.applets.perso import personalise, read_profile
from bifente.applets.store.stores import create_card_file
from bifente.cli.main import main
from bifente.fse.post import ARL, MaildirPost
from bifente.igc import Authority, IssuedCaisse, caisse_address


@pytest.fixture
def caisse_of_the_day(
    tmp_path: Path, pooled_keys: list[RSAPrivateKey], monkeypatch: pytest.MonkeyPatch
) -> IssuedCaisse:
    authority = Authority.init(tmp_path / "igc", key_source=cycling(pooled_keys))
    monkeypatch.setattr("bifente.workbench.authority.default_folder", lambda: tmp_path / "igc")
    from datetime import UTC, datetime

    return authority.issue_caisse(
        "01", "349", not_before=datetime(2026, 1, 1, tzinfo=UTC), key_source=cycling(pooled_keys[2:])
    )


@pytest.fixture
def folder(
    tmp_path: Path, pooled_source: KeySource, caisse_of_the_day: IssuedCaisse, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A surgery that knows one caisse."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "caisses").mkdir()
    (tmp_path / "caisses" / "01349.der").write_bytes(caisse_of_the_day.certificate)
    assert main(["fse", "cabinet", "init", "surgery", "--caisse", "caisses", "--maildir", "mail"]) == 0
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *command: str, code: int = 0) -> object:
    """The JSON that a command prints."""
    capsys.readouterr()
    assert main(["fse", "cabinet", *command, "--cabinet", "surgery", "--json"]) == code
    return json.loads(capsys.readouterr().out)


def said(capsys: pytest.CaptureFixture[str], *command: str, code: int) -> str:
    """What a command says on stderr."""
    capsys.readouterr()
    assert main(["fse", "cabinet", *command]) == code
    return capsys.readouterr().err


def test_a_day(
    folder: Path,
    caisse_of_the_day: IssuedCaisse,
    pooled_source: KeySource,
    capsys: pytest.CaptureFixture[str],
) -> None:
    authority = Authority.open(folder / "igc")
    for name, profile in (("doctor", "gp"), ("patient", "vitale-family")):
        made = personalise(read_profile(profile), authority, keys=pooled_source, today=date.today())
        create_card_file(folder / f"{name}.card", made)
    cards = ["--cps", "doctor.card", "--vitale", "patient.card", "--pin", "1234"]
    assert main(["sheet", "make", *cards, "--act", "G", "--amo", "--number", "7", "-o", "sheet.p7m"]) == 0
    (kept,) = told(capsys, "add", "sheet.p7m")  # type: ignore[misc]
    assert (kept["number"], kept["state"], kept["third_party"], kept["again"]) == (7, "signed", True, False)  # type: ignore[index]
    assert told(capsys, "add", "sheet.p7m")[0]["again"] is True  # type: ignore[index,call-overload]
    assert "another PIN" not in said(
        capsys, "lots", "--cps", "doctor.card", "--pin", "9999", "--cabinet", "surgery", code=6
    )
    assert told(capsys, "status")["sheets"] == {"signed": 1}  # type: ignore[index,call-overload]
    lots = told(capsys, "lots", "--cps", "doctor.card", "--pin", "1234")
    assert [(lot["number"], lot["state"]) for lot in lots["lots"]] == [(1, "made")]  # type: ignore[index,call-overload]

    failed = told(capsys, "send", code=15)
    assert "nobody has the address 01349@349.01.rss.test" in failed["failed"][0]["why"]  # type: ignore[index,call-overload]
    caisse = FarCaisse(caisse_of_the_day, MaildirPost(folder / "mail", caisse_address("01", "349")))
    sent = told(capsys, "send")
    assert ([one["id"] for one in sent["lots"]], sent["handed_over_again"]) == ([1], [])  # type: ignore[index,call-overload]
    (due,) = told(capsys, "due")  # type: ignore[misc]
    assert (due["retransmit"], due["days"] > 0) == (False, True)
    (file,) = caisse.receive()
    (lot,) = file.lots
    caisse.answer((ARL, caisse.arl(file, lot)))
    caisse.pay(lot, {7: None})
    kinds = [mail["kind"] for mail in told(capsys, "collect")]  # type: ignore[attr-defined]
    assert sorted(kinds) == ["arl", "rsp"]
    assert told(capsys, "show", "7")["state"] == "rejected"  # type: ignore[index,call-overload]
    replaced = told(capsys, "replace", "7")
    assert (replaced["number"], replaced["replaced_number"]) == (8, 7)  # type: ignore[index]
    assert [one["state"] for one in told(capsys, "list")] == ["replaced", "signed"]  # type: ignore[attr-defined]
    assert [one["state"] for one in told(capsys, "list", "--lots", "--state", "settled")] == ["settled"]  # type: ignore[attr-defined]
    assert told(capsys, "withdraw", "8", "--why", "paid in cash")["state"] == "withdrawn"  # type: ignore[index,call-overload]
    checked = told(capsys, "archive", "check")
    assert (checked["findings"], checked["purged"]) == ([], 0)  # type: ignore[index]
    assert told(capsys, "archive", "check", "--noted", checked["head"])["findings"] == []  # type: ignore[index,call-overload]
    assert told(capsys, "archive", "purge", "--dry-run")["sheets"] == 0  # type: ignore[index,call-overload]
    assert [one["event"] for one in told(capsys, "events", "8")] == ["sign", "withdraw"]  # type: ignore[attr-defined]


def test_mails_that_were_set_aside_are_listed_and_written(
    folder: Path, caisse_of_the_day: IssuedCaisse, capsys: pytest.CaptureFixture[str]
) -> None:
    strange = b"From: nobody@example.test\r\nSubject: \x1b[2Jhello\r\n\r\nnothing\r\n"
    assert told(capsys, "aside") == []
    assert main(["fse", "cabinet", "collect", "--cabinet", "surgery"]) == 0  # its box is there from now on
    caisse = FarCaisse(caisse_of_the_day, MaildirPost(folder / "mail", caisse_address("01", "349")))
    caisse.post.send(strange, sender="nobody@example.test", recipient="cabinet@ps.rss.test")
    assert [one["kind"] for one in told(capsys, "collect")] == ["aside"]  # type: ignore[attr-defined]
    (mail,) = told(capsys, "aside")  # type: ignore[misc]
    assert (mail["kind"], mail["times"]) == ("aside", 1)  # type: ignore[index]
    assert told(capsys, "aside", mail["digest"][:8], "-o", "mail.eml") == [mail]  # type: ignore[index]
    assert (folder / "mail.eml").read_bytes() == strange
    assert (folder / "mail.eml").stat().st_mode & 0o777 == 0o600
    assert "already exists" in said(
        capsys,
        "aside",
        mail["digest"][:8],
        "-o",
        "mail.eml",
        "--cabinet",
        "surgery",
        code=3,  # type: ignore[index]
    )
    assert "no mails set aside" in said(capsys, "aside", "zz", "-o", "x", "--cabinet", "surgery", code=3)


def test_a_day_with_the_caisse_of_the_project(
    tmp_path: Path,
    caisse_of_the_day: IssuedCaisse,
    pooled_source: KeySource,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Real cards on one side, a caisse that judges on the other, and folders of boxes between them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(Authority.issue_caisse.__kwdefaults__ or {}, "key_source", pooled_source)
    authority = Authority.open(tmp_path / "igc")
    for name, profile in (("doctor", "gp"), ("patient", "vitale-family")):
        made = personalise(read_profile(profile), authority, keys=pooled_source, today=date.today())
        create_card_file(tmp_path / f"{name}.card", made)
    assert main(["fse", "caisse", "init", "caisse", "--maildir", "mail"]) == 0
    assert main(["fse", "caisse", "serve", "caisse", "--once"]) == 0
    assert main(["fse", "cabinet", "init", "surgery", "--caisse", "caisse", "--maildir", "mail"]) == 0
    cards = ["--cps", "doctor.card", "--vitale", "patient.card", "--pin", "1234"]
    for number in ("1", "2"):
        arguments = [*cards, "--act", "G", "--amo", "--number", number, "-o", f"{number}.p7m"]
        assert main(["sheet", "make", *arguments]) == 0
    assert main(["fse", "cabinet", "add", "1.p7m", "2.p7m", "--cabinet", "surgery"]) == 0
    told(capsys, "lots", "--cps", "doctor.card", "--pin", "1234")
    assert len(told(capsys, "send")["lots"]) == 1  # type: ignore[index,call-overload]
    assert main(["fse", "caisse", "serve", "caisse", "--once", "--no-settle"]) == 0
    assert [mail["kind"] for mail in told(capsys, "collect")] == ["arl"]  # type: ignore[attr-defined]
    assert told(capsys, "status")["sheets"] == {"ARL+": 2}  # type: ignore[index,call-overload]
    later = (date.today() + timedelta(days=30)).isoformat()
    assert main(["fse", "caisse", "settle", "caisse", "--date", later]) == 0
    assert [mail["kind"] for mail in told(capsys, "collect")] == ["rsp"]  # type: ignore[attr-defined]
    assert [one["state"] for one in told(capsys, "list")] == ["paid", "paid"]  # type: ignore[attr-defined]
    assert told(capsys, "archive", "check")["findings"] == []  # type: ignore[index,call-overload]


def test_a_cps_that_has_ended_signs_no_lot(
    folder: Path, pooled_source: KeySource, capsys: pytest.CaptureFixture[str]
) -> None:
    authority = Authority.open(folder / "igc")
    made = personalise(read_profile("gp"), authority, keys=pooled_source, today=date(2018, 1, 31))
    create_card_file(folder / "old.card", made)
    (folder / "paper.sheet").write_bytes(unsigned(degraded(care_sheet(3))))
    told(capsys, "add", "paper.sheet")
    error = said(capsys, "lots", "--cps", "old.card", "--pin", "1234", "--cabinet", "surgery", code=11)
    assert "the certificate is not accepted" in error
    assert told(capsys, "status")["sheets"] == {"degraded": 1}  # type: ignore[index,call-overload]


def test_what_stands_in_the_way_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = ("--cabinet", "surgery")
    assert "there is no store of a surgery" in said(capsys, "list", "--cabinet", "nowhere", code=3)
    assert "there is no state 'lost'" in said(capsys, "list", "--state", "lost", *here, code=3)
    assert "no sheet n° 000000042" in said(capsys, "show", "42", *here, code=3)
    assert "lot 9 is not in the store" in said(capsys, "release", "9", "--why", "x", *here, code=3)
    (folder / "x.p7m").write_bytes(b"\x30\x00")
    assert "x.p7m: not a care sheet" in said(capsys, "add", "x.p7m", *here, code=3)
    assert "is not a line of the log" in said(capsys, "archive", "check", "--noted", "7", *here, code=3)
    assert "already exists" in said(capsys, "init", "surgery", code=3)


def test_a_degraded_sheet_is_put_in_a_lot_of_its_own(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "paper.sheet").write_bytes(unsigned(degraded(care_sheet(3))))
    assert told(capsys, "add", "paper.sheet")[0]["state"] == "degraded"  # type: ignore[index,call-overload]


def test_a_store_that_was_changed_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import sqlite3

    (folder / "paper.sheet").write_bytes(unsigned(degraded(care_sheet(3))))
    told(capsys, "add", "paper.sheet")
    with sqlite3.connect(folder / "surgery" / "cabinet.db") as database:
        database.execute("UPDATE sheet SET state = 'paid'")
    database.close()
    error = said(capsys, "archive", "check", "--cabinet", "surgery", code=11)
    assert "1 thing changed behind the surgery's back" in error


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("store: [", "cabinet.yaml:1: not YAML"),
        ("store: cabinet.db\ndepartment: '20'", "cabinet.yaml:2: department: département '20' is not known"),
        ("store: cabinet.db\nreturn_within: 99", "cabinet.yaml:2: return_within: an integer from 0 to 30"),
        ("store: cabinet.db\nkey: x.key", "certificate: key and certificate go together"),
        ("store: cabinet.db\nstroe: x", "cabinet.yaml:2: stroe: is not known here"),
        ("department: '75'", "store: is missing"),
    ],
)
def test_settings_that_are_wrong_are_said_with_their_line(
    folder: Path, capsys: pytest.CaptureFixture[str], settings: str, words: str
) -> None:
    (folder / "surgery" / "cabinet.yaml").write_text(settings, encoding="utf-8")
    assert words in said(capsys, "status", "--cabinet", "surgery", code=3)


def test_the_settings_that_init_writes_are_those_of_the_page(folder: Path) -> None:
    """The documented example and the file are the same, member by member."""
    from bifente.documents.yamltext import parse_yaml

    written = parse_yaml((folder / "surgery" / "cabinet.yaml").read_text(encoding="utf-8"), "written").value
    page = (Path(__file__).parents[2] / "docs" / "surgery.md").read_text(encoding="utf-8")
    documented = parse_yaml(page.split("```yaml\n")[1].split("```")[0], "documented").value
    assert isinstance(written, dict)
    assert isinstance(documented, dict)
    assert set(written) <= set(documented)
