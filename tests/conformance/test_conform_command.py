"""``bifente conform``: targets, reports, comparison and exit codes."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bifente.cli.conform.commands import _OPTION_FOR
from bifente.cli.main import main
from bifente.conformance.case import Need
from bifente.conformance.errors import ConformanceError
from bifente.conformance.model import CaseStep, Outcome, Report, Verdict, load_report
from bifente.conformance.reports.html import page
from bifente.conformance.reports.junit import junit

BIFENTE = Path(sys.executable).with_name("bifente")


def run(*arguments: str | Path, folder: Path, code: int = 0) -> str:
    done = subprocess.run(
        [BIFENTE, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def outcome(case: str, verdict: Verdict, reason: str = "", steps: Sequence[CaseStep] = ()) -> Outcome:
    return Outcome(
        case, case.partition("/")[0], f"title of {case}", "clause <1>", verdict, reason, 0.5, tuple(steps)
    )


def report(name: str, *outcomes: Outcome) -> Report:
    return Report(name, "1.0", "2026-03-02T10:00:00+00:00", list(outcomes), {"cps3 SELECT": "10/s"})


ONE = report(
    "reader <A>",
    outcome("reader/a", Verdict.PASSED),
    outcome("cps/b", Verdict.FAILED, "wrong & bad \x00", [CaseStep("CPS", "00A4 ]]>", "6A82")]),
    outcome("cps/c", Verdict.SKIPPED, "needs a card"),
)


def test_the_way_makes_no_difference_and_both_write_their_reports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("smartcard")
    said = run("conform", "--json-file", "a.json", "--junit", "a.xml", "--html", "a.html", folder=tmp_path)
    assert re.search(r"in process: \d+ passed, 0 failed", said)
    assert "needs a reader behind PC/SC (--over socket, or --reader NAME)" in said
    said = run("conform", "--over", "socket", "--json-file", "b.json", folder=tmp_path)
    assert re.search(r"socket: \d+ passed, 0 failed, 0 not run", said)
    assert "SELECT: " in said
    reports = [str(tmp_path / name) for name in ("a.json", "b.json")]
    assert main(["conform", "compare", *reports, "-o", str(tmp_path / "c.html")]) == 0
    assert " 0 differ" in capsys.readouterr().out
    root = ElementTree.parse(tmp_path / "a.xml").getroot()
    assert int(root.get("tests") or 0) == len(list(root.iter("testcase"))) > 300
    assert root.get("failures") == "0"
    text = (tmp_path / "c.html").read_text(encoding="utf-8")
    assert "in process" in text
    assert "socket" in text
    assert "http" not in text


def test_every_option_that_is_named_is_for_a_need_that_there_is() -> None:
    assert {f"needs {need}" for need in Need} >= _OPTION_FOR.keys()


def test_listing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "--list", "--suite", "vitale"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all(line.startswith("vitale/") and line.endswith(")") for line in lines)


def test_one_suite_one_card_one_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "--slot", "test", "--case", "case-3s-255", "-v"]) == 0
    out = capsys.readouterr().out
    assert "ok   reader/case-3s-255" in out
    assert "1 passed, 0 failed, 0 not run" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--slot", "elsewhere"],
            "no slot 'elsewhere'; there are: 1 CPS, 2 CPS B, 3 Vitale, 4 Vitale B, 5 Test",
        ),
        (["--case", "no such case"], "no case has been chosen"),
        (["compare", "/nowhere.json"], "/nowhere.json"),
        (["--serial", "00000017"], "--serial has no effect here: only with --reader"),
        (["--emulated", "--destructive"], "--destructive, --emulated has no effect here"),
        (["--pin", "1234"], "--pin has no effect here"),
        (["--reader", "x", "--over", "socket"], "--over has no effect here: only without --reader"),
        (["--list", "--html", "x.html"], "--html has no effect here: --list runs no case"),
        (["--suite", "cps", "compare", "a.json"], "--suite has no effect here: conform compare runs no case"),
        (["--json", "a.json"], "a file is written by --json-file a.json"),
        (["--html", "/dev/full", "--case", "case-3s"], "/dev/full: already exists"),
        (["--json-file", "/none/a.json"], "/none/a.json: its folder does not exist"),
    ],
)
def test_mistakes(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", *arguments]) not in (0, 1)
    assert said in capsys.readouterr().err


def test_a_report_is_printed_or_written_and_nothing_is_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = ["conform", "--slot", "test", "--case", "case-3s-255"]
    assert main([*one, "--json"]) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert [outcome["case"] for outcome in found["outcomes"]] == ["reader/case-3s-255"]
    assert found["environment"]["driver"] == "none: the reader is in this process"
    assert "1 passed" in printed.err
    path = tmp_path / "a.html"
    path.write_text("mine")
    assert main([*one, "--html", str(path)]) == 3
    assert path.read_text() == "mine"
    assert main([*one, "--html", str(path), "--force"]) == 0
    assert "everything that ran is kept" in path.read_text(encoding="utf-8")


def test_a_report_reads_back_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(ONE.dumps(), encoding="utf-8")
    assert load_report(path) == ONE
    for text in (
        "",
        "[]",
        "{}",
        '{"format": "x"}',
        ONE.dumps().replace('"passed"', '"maybe"', 1),
        ONE.dumps()[:-9],
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConformanceError):
            load_report(path)


def test_junit_is_xml_with_every_verdict() -> None:
    root = ElementTree.fromstring(junit(ONE))
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("3", "1", "1")
    failure = root.find(".//failure")
    assert failure is not None
    assert failure.get("message") == "wrong & bad \ufffd"
    assert "CPS: 00A4 ]]> -> 6A82" in (failure.text or "")


def test_failures_stand_first_with_links_to_their_rows() -> None:
    text = page([ONE])
    failures = text.index("What failed")
    assert failures < text.index('id="suite-reader"')
    assert '<a href="#case-cps-b">cps/b</a>' in text[failures:]
    assert text.count('id="case-cps-b"') == 1
    assert text.index('id="case-cps-b"') < text.index('id="case-cps-c"')
    assert "<details open>" in text
    assert "1 of 3 failed" in text
    kept = page([report("B", outcome("reader/a", Verdict.PASSED))])
    assert "What failed" not in kept
    assert "everything that ran is kept" in kept


def test_the_page_names_host_and_driver_and_needs_nothing_from_elsewhere() -> None:
    one = report("B", outcome("reader/a", Verdict.PASSED))
    one.environment = {"host": "Linux 6 <x>", "driver of cps3": "Gemalto 1.2.3"}
    text = page([one])
    assert "Linux 6 &lt;x&gt;" in text
    assert "Gemalto 1.2.3" in text
    assert not re.search(r"(src|href)=.(?!#)|url\(|@import|http", text)


def test_the_page_has_a_column_for_each_report_and_escapes() -> None:
    other = report("B", outcome("reader/a", Verdict.FAILED, "other"), outcome("cps/d", Verdict.PASSED))
    text = page([ONE, other])
    assert "reader &lt;A&gt;" in text
    assert "clause &lt;1&gt;" in text
    assert text.count('differs"><td>') == 4
    assert "wrong &amp; bad" in text
    assert "– not chosen" in text
    assert "10/s" in text


def test_compare_fails_only_where_one_passes_and_another_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    same = report("B", outcome("reader/a", Verdict.SKIPPED, "none"))
    other = report("C", outcome("reader/a", Verdict.FAILED, "other"))
    for name, one in (("a", ONE), ("b", same), ("c", other)):
        (tmp_path / f"{name}.json").write_text(one.dumps(), encoding="utf-8")
    a, b, c = (str(tmp_path / f"{name}.json") for name in "abc")
    assert main(["conform", "compare", a, b]) == 0
    assert "0 differ" in capsys.readouterr().out
    assert main(["conform", "compare", a, c]) == 9
    assert "reader/a  reader <A>: passed, C: failed" in capsys.readouterr().out


def test_json_is_for_programs() -> None:
    assert json.loads(ONE.dumps())["format"] == "bifente-conformance/1"


def test_pytest_runs_the_same_cases(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *["-q", "-p", "no:cacheprovider", "--suite", "vitale", "--suite", "iso7816"],
            "--pyargs",
            "bifente.conformance",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b1\d\d passed", done.stdout)


def test_emulated_cards_need_no_pyscard(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['smartcard'] = None\n"
        "from bifente.cli.main import main\n"
        "assert main(['conform', '--suite', 'vitale']) == 0\n"
        "sys.exit(main(['conform', '--over', 'socket', '--suite', 'vitale']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert "in process: " in done.stdout, done.stderr
    assert done.returncode == 3
    assert "PC/SC needs pyscard" in done.stderr
    assert "python3-pyscard" in done.stderr
