"""Bytes of strangers: whatever they are and wherever they come from, they do not steer the terminal that shows them."""

import ast
import importlib
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest
import yaml
from housemodules import parsed_module
from issued import records

from bifente.apdu.link import TransmissionProtocol
from bifente.applets.store.stores import create_card_file
from bifente.cli.main import COMMANDS, main
from bifente.cli.reader.asking import show_status
from bifente.cli.visible import say, say_json, say_text
from bifente.conformance.model import CaseStep, Outcome, Report, Verdict
from bifente.conformance.reports import html as conformance_page
from bifente.documents.visible import escaped, visible
from bifente.documents.yamltext import parse_yaml, write_yaml
from bifente.traces import EventKind, Exchange, MaskedBytes, ReaderEvent, TraceHeader
from bifente.traces.formats import Source, by_name, names

ROOT = Path(__file__).parents[2]
INJECTED = "INJECTED: 1"
NASTY = f"x\x1b]0;owned\x07\x9b2J\x7f\r\u202e\u2066\u2028\u200f\n{INJECTED}"
"""Sets a title, clears a screen, returns, turns the line round, and begins a line of its own."""
ATR = bytes.fromhex("3BAC00402A001225006480000310009000")


def harmless(text: str) -> None:
    """What a terminal or a page got has lines and letters, no line of a stranger's, and nothing else."""
    for line in text.split("\n"):
        assert visible(line) == line
        assert not line.startswith(INJECTED)


def test_what_is_seen_and_what_is_written_out() -> None:
    assert visible("Œuvre d’Élodie ‒ 10\u00a0€, 1\u202f000 ☂") == "Œuvre d’Élodie ‒ 10\u00a0€, 1\u202f000 ☂"
    assert visible(NASTY) == (
        "x\\x1b]0;owned\\x07\\x9b2J\\x7f\\x0d\\u202e\\u2066\\u2028\\u200f\\x0aINJECTED: 1"
    )
    assert visible("\U000e0041\udc9b\ufeff") == "\\U000e0041\\udc9b\\ufeff"
    assert escaped(f"<b>{NASTY}") == f"&lt;b&gt;{visible(NASTY)}"


def test_the_edge(capsys: pytest.CaptureFixture[str]) -> None:
    say(NASTY)
    say_text("one\ntwo\x1b[1m\n")
    say_json({"name": NASTY, "é": ["œ"]})
    say_json(NASTY, indent=None)
    out = capsys.readouterr().out
    harmless(out)
    assert out.startswith(f"{visible(NASTY)}\none\ntwo\\x1b[1m\n{{\n")
    body, last = out[out.index("{") :].rsplit("\n", 2)[:2]
    assert json.loads(body) == {"name": NASTY, "é": ["œ"]}
    assert json.loads(last) == NASTY
    assert '"é"' in body


def test_json_stays_json_where_the_output_cannot_write_a_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", errors="backslashreplace")
    monkeypatch.setattr("sys.stdout", stream)
    say_json(["é", "œ", "\x9b", "😀"], indent=None)
    stream.flush()
    raw = stream.buffer.getvalue()  # type: ignore[attr-defined]
    assert raw == b'["\xe9", "\\u0153", "\\u009b", "\\ud83d\\ude00"]\n'


def test_no_command_prints_past_the_edge() -> None:
    """``click.echo``, ``print`` and the streams stand in the edge only (``styled`` prints through it); the completion script is our own text."""
    found = []
    for path in sorted((ROOT / "cli").rglob("*.py")):
        if path.name in ("visible.py", "styled.py") or path.parent.name == "completion":
            continue
        for node in ast.walk(parsed_module(path)):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in ("print", "click.echo", "click.secho", "sys.stdout.write", "sys.stderr.write"):
                    constant = all(isinstance(each, ast.Constant) for each in node.args)
                    found += [] if constant else [f"{path.name}:{node.lineno}: {called}"]
    assert found == []


SERVING = {("annuaire", "serve"), ("annuaire", "ldap")}


def leaves(command: click.Command, name: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for below in command.list_commands(context):
        inner = command.get_command(context, below)
        assert inner is not None
        yield from leaves(inner, (*name, below))


def invocations() -> Iterator[list[str]]:
    """Each command with a nasty word for every argument, and for each option that takes a value."""
    for top, (where, _) in COMMANDS.items():
        module, _, attribute = where.partition(":")
        for name, command in leaves(getattr(importlib.import_module(module), attribute), (top,)):
            arguments = [NASTY for each in command.params if isinstance(each, click.Argument)]
            if arguments:
                yield [*name, *arguments]
            for option in command.params:
                # The demonstration would begin, and take its seconds.
                begins = top == "demo" and not isinstance(option.type, click.Choice)
                # An annuaire of that name is there by then, and would be served until somebody ends it.
                begins = begins or (name in SERVING and "--annuaire" in option.opts)
                if isinstance(option, click.Option) and not (option.is_flag or option.count or begins):
                    yield [*name, *arguments, option.opts[-1], NASTY]
            yield [*name, *arguments, f"--{NASTY}"]
        yield [top, NASTY]


def test_nothing_given_on_the_command_line_reaches_the_terminal_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("bifente.workbench.authority.default_folder", lambda: tmp_path / "igc")
    asked = list(invocations())
    assert len(asked) > 120
    for arguments in asked:
        main(arguments)
        said = capsys.readouterr()
        harmless(said.out)
        harmless(said.err)


def nasty_trace(slot: str) -> tuple[TraceHeader, list[Exchange | ReaderEvent]]:
    header = TraceHeader(NASTY, ATR, TransmissionProtocol.T0)
    pairs = (("00A4020C02D120", "9000"), ("00B0000004", "41424344" + "9000"), ("0084000004", "010203049000"))
    items: list[Exchange | ReaderEvent] = [ReaderEvent(EventKind.COLD_RESET, 0, slot, ATR)]
    items += [Exchange(MaskedBytes.parse(a), MaskedBytes.parse(b), 5, 10, slot) for a, b in pairs]
    return header, items


def shown(*arguments: str | Path) -> list[list[str]]:
    trace, other, page = map(str, arguments)
    return [
        ["show", trace],
        ["show", trace, "--json"],
        ["show", trace, "--tpdu"],
        ["show", trace, "--slot", NASTY],
        ["show", trace, "--html", page],
        ["diff", trace, other],
        ["diff", trace, other, "--json"],
        ["convert", trace, "-o", "-", "--to", "bifente"],
        ["mask", trace, "-o", f"{trace}.{NASTY.replace('/', '')}", "--to", "hex"],
        ["play", trace, "--reader", NASTY],
        ["play", trace, "--card", trace],
    ]


@pytest.mark.parametrize("kind", names())
def test_nothing_in_a_trace_reaches_the_terminal_or_the_page_as_it_is(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    header, items = nasty_trace(NASTY)
    trace, other, page = tmp_path / f"t{NASTY}", tmp_path / "other", tmp_path / "page.html"
    with trace.open("wb") as stream:
        by_name(kind).write(Source(header, iter(items)), stream)
    with other.open("wb") as stream:
        by_name("bifente").write(Source(header, iter(items[:2])), stream)
    for arguments in shown(trace, other, page):
        main(["trace", *arguments])
        said = capsys.readouterr()
        harmless(said.out)
        harmless(said.err)
    assert page.exists()
    harmless(page.read_text())


@pytest.mark.parametrize(
    "line",
    [
        {"time": 1, "duration": 1, "slot": NASTY, "level": "APDU", "command": "00840000", "response": "9000"},
        {"time": 1, "slot": NASTY, "event": "removed", "atr": ""},
        {"time": 1, "slot": "CPS", "event": NASTY, "atr": ""},
        {"time": 1, "duration": 1, "slot": "CPS", "level": NASTY, "command": "00840000", "response": "9000"},
        {"time": 1, "duration": 1, "slot": "CPS", "level": "APDU", "command": NASTY, "response": "9000"},
        {"time": 1, "slot": "CPS", "event": "removed", "atr": "", NASTY: 1},
        NASTY,
    ],
)  # fmt: skip
def test_what_is_read_from_a_file_is_checked_when_it_is_read(
    line: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "t.jsonl"
    header = {
        "bifente-trace": 1,
        "reader": "r",
        "atr": ATR.hex(),
        "protocol": None,
        "date": None,
        "masked": True,
    }
    for first, second in (
        (header, line),
        ({**header, "reader": NASTY}, None),
        ({**header, "protocol": NASTY}, None),
    ):
        trace.write_text(f"{json.dumps(first)}\n{json.dumps(second)}\n")
        for arguments in (
            ["show", trace],
            ["show", trace, "--json"],
            ["diff", trace, trace],
            ["play", trace],
        ):
            assert main(["trace", *map(str, arguments)]) in (2, 3)
            said = capsys.readouterr()
            harmless(said.out)
            harmless(said.err)


def nasty_card() -> Mapping[str, bytes]:
    made = dict(records("gp"))
    meta = json.loads(made["meta"])
    meta["serial"] = NASTY
    return {**made, "meta": json.dumps(meta).encode()}


def test_nothing_of_a_card_reaches_the_terminal_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card, other = tmp_path / f"c{NASTY}", tmp_path / "other.card"
    create_card_file(card, nasty_card())
    create_card_file(other, records("gp"))
    for arguments in (
        ["card", "show", card], ["card", "show", card, "--json"], ["card", "dump", card], ["card", "diff", card, other],
        ["card", "dump", card, "--json"], ["pin", "show", card], ["card", "block", card], ["apdu", "send", card, "84/08"],
        ["card", "set", card, "x=y"], ["card", "clone", card, "-o", tmp_path / f"d{NASTY}"],
        ["reader", "run", card, "--", "true"],
    ):  # fmt: skip
        main([str(each) for each in arguments])
        said = capsys.readouterr()
        harmless(said.out)
        harmless(said.err)


def test_a_dump_stays_the_document_that_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A serial number with a line end is not a key of the YAML, and what is quoted comes back."""
    document = {"kind": NASTY, NASTY: ["\x85", "\u202e", "né à Œx"]}
    text = write_yaml(document)
    harmless(text)
    assert yaml.safe_load(text) == document
    assert parse_yaml(text, "x").value == document
    card = tmp_path / "x.card"
    create_card_file(card, nasty_card())
    if main(["card", "dump", str(card)]) == 0:
        assert "INJECTED" not in yaml.safe_load(capsys.readouterr().out)


def test_the_status_of_a_reader(capsys: pytest.CaptureFixture[str]) -> None:
    show_status(
        [
            {
                "slot": NASTY,
                "name": NASTY,
                "card": NASTY,
                "kind": NASTY,
                "misplaced": False,
                "links": 1,
                "plugged": True,
                "refusal": {"sw": NASTY, "clause": NASTY, "sentence": NASTY},
            }
        ]
    )
    harmless(capsys.readouterr().out)


def test_a_report_of_somebody_on_a_page() -> None:
    outcome = Outcome("c", "s", NASTY, NASTY, Verdict.FAILED, NASTY, 0.1, (CaseStep(NASTY, NASTY, NASTY),))
    report = Report(NASTY, NASTY, NASTY, [outcome], {NASTY: NASTY})
    text = conformance_page.page([report])
    assert visible(text.replace("\n", "")) == text.replace("\n", "")
