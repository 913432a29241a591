"""``bifente trace``: what is written, said and compared, and what never is."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from issued import records

from bifente.applets.store.stores import create_card_file
from bifente.cli.errors import classify
from bifente.cli.main import COMMANDS, Settings
from bifente.cli.trace.commands import trace
from bifente.traces.files import read_trace
from bifente.traces.formats import names
from bifente.traces.model import ReaderEvent

CORPUS = Path(__file__).parents[2] / "traces" / "corpus"
BIFENTE = Path(sys.executable).with_name("bifente")
LOG = CORPUS / "pcscd-1.9.9-apdu.log"
PIN = "31323334"
NAME = "Bifente Lecteur bi-fente [CPS] 00 00"


def run(*arguments: str | Path, code: int = 0, text: str | None = None) -> Result:
    """The command in process; *code* is what the shell would get."""
    given = [str(each) for each in arguments]
    result = CliRunner().invoke(trace, given, obj=Settings(), input=text, standalone_mode=False)
    found = (
        int(result.return_value or 0) if result.exception is None else int(classify(result.exception).code)
    )
    assert found == code, f"{result.output}{result.exception!r}"
    return result


def said(path: Path) -> list[tuple[str, str]]:
    return [(each.command.hex(), each.response.hex()) for each in read_trace(path).exchanges]


def test_the_short_help_is_that_of_the_table() -> None:
    assert trace.short_help == COMMANDS["trace"][1]


@pytest.mark.parametrize("name", names())
def test_convert_there_and_back_without_the_pin(name: str, tmp_path: Path) -> None:
    there, back = tmp_path / "there", tmp_path / "back.trace"
    run("convert", LOG, "-o", there, "--to", name)
    raw = there.read_bytes()
    assert bytes.fromhex(PIN) not in raw
    assert PIN.encode() not in raw.upper()
    assert b"31 32 33 34" not in raw
    assert there.stat().st_mode & 0o777 == 0o600
    run("convert", there, "-o", back)
    assert len(said(back)) == 11
    assert read_trace(back).header.masked


def test_convert_chooses_by_the_ending_and_says_what_is_lost(tmp_path: Path) -> None:
    out = tmp_path / "x.apduplay"
    result = run("convert", LOG, "-o", out)
    assert out.read_bytes().startswith(b"[begin]")
    assert "note: APDUPlay log does not keep" in result.stderr
    run("convert", LOG, "-o", tmp_path / "x.unknown", code=3)
    run("convert", LOG, "-o", out, code=3)
    run("convert", LOG, "-o", tmp_path / "y", "--to", "xml", code=3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.apduplay"]


@pytest.mark.parametrize(
    ("wanted", "what", "hint"),
    [
        ("pcapg", "there is no format 'pcapg'", "did you mean pcapng?"),
        ("OpenSC", "there is no format 'OpenSC'", "did you mean opensc?"),
        ("freerdp", "the format freerdp is read only", None),
        ("xml", "there is no format 'xml'", None),
    ],
)
@pytest.mark.parametrize("command", ["convert", "mask"])
def test_a_format_that_is_not_written_names_the_one_that_was_meant(
    command: str, wanted: str, what: str, hint: str | None, tmp_path: Path
) -> None:
    result = run(command, LOG, "-o", tmp_path / "out", "--to", wanted, code=3)
    assert result.exception is not None
    told = classify(result.exception)
    assert told.what.startswith(f"{what}; those that are written are bifente, clf")
    assert hint is None or told.hint == hint
    assert list(tmp_path.iterdir()) == []


def test_unmask_keeps_the_pin(tmp_path: Path) -> None:
    run("convert", LOG, "-o", tmp_path / "x.trace", "--unmask")
    assert ("0020000104" + PIN, "9000") in said(tmp_path / "x.trace")


def test_a_pipe_works_both_ways() -> None:
    result = run("convert", "-", "-o", "-", "--to", "hex", text=LOG.read_text())
    assert "> 0020000104********" in result.stdout


def test_a_damaged_line_is_passed_over_and_named(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.log"
    lines = LOG.read_text().splitlines()
    at = next(number for number, line in enumerate(lines) if " SW: " in line)
    damaged.write_text("\n".join([*lines[: at + 4], "00000001 SW: 9", *lines[at + 4 :]]))
    result = run("convert", damaged, "-o", tmp_path / "out.trace")
    assert f"note: {damaged}: 1 line was not understood: {at + 5}\n" in result.stderr
    assert (
        f"note: {damaged}: line {at + 5}: answer: these are not pairs of hexadecimal digits\n"
        in result.stderr
    )
    assert run("diff", LOG, tmp_path / "out.trace").stdout.startswith("the same in ")


def test_a_log_of_which_nothing_is_understood_leaves_nothing(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.log"
    damaged.write_text("00000000 APDU: 00 A4 zz\n00000001 SW: 9\n")
    result = run("convert", damaged, "-o", tmp_path / "out.trace", code=3)
    assert classify(result.exception or Exception()).what.startswith(
        f"{damaged}: line 1: nothing in this pcscd log was understood"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["damaged.log"]
    run("show", tmp_path / "nothing", code=3)


def test_of_two_traces_the_wrong_one_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.log"
    wrong.write_text("hello\n")
    for given in ((LOG, wrong), (wrong, LOG)):
        result = run("diff", *given, code=3)
        assert classify(result.exception or Exception()).what.startswith(f"{wrong}: line 1: ")


def test_show_in_words() -> None:
    text = run("show", LOG).stdout
    assert "SELECT path 3F00/2F01 (EF.ATR)" in text
    assert "VERIFY PIN 01 (4 digits, masked)" in text
    assert "= CPX IAS, PIN 01 verified" in text
    assert "GET RESPONSE" not in text
    assert "GET RESPONSE" in run("show", LOG, "--tpdu").stdout


def test_show_as_json() -> None:
    header, *items = (json.loads(line) for line in run("show", LOG, "--json").stdout.splitlines())
    assert (header["protocol"], header["masked"]) == ("T0", True)
    assert items[0]["event"] == "inserted"
    verify = next(item for item in items if item.get("asked", "").startswith("VERIFY"))
    assert (verify["command"], verify["said"]) == ("0020000104********", "verified")
    assert [item["parts"] for item in items[1:]] == [2, 1, 2, 2, 1, 1, 2]


def test_show_as_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    run("show", LOG, "--html", page)
    assert "VERIFY PIN 01" in page.read_text()
    assert PIN not in page.read_text()
    run("show", LOG, "--html", page, code=3)


def test_mask_says_what_was_removed(tmp_path: Path) -> None:
    result = run("mask", LOG, "-o", tmp_path / "clean.log")
    assert "VERIFY: 4 secret bytes masked in 1 exchange" in result.stdout
    assert b"31 32 33 34" not in (tmp_path / "clean.log").read_bytes()
    told = json.loads(run("mask", LOG, "-o", tmp_path / "clean.trace", "--json").stdout)
    assert told["secrets"] == [{"of": "VERIFY", "exchanges": 1, "bytes": 4}]


def test_diff(tmp_path: Path) -> None:
    same = run("diff", LOG, CORPUS / "tool.hex")
    assert "the same in 8 exchanges" in same.stdout
    changed = tmp_path / "changed.hex"
    changed.write_text((CORPUS / "tool.hex").read_text().replace("5A0A80250000018543", "5A0A80250000018544"))
    result = run("diff", LOG, changed, code=9)
    assert "MF/EF.SN.ICC" in result.stdout
    assert "data 5A: 80250000018543" in result.stdout
    told = json.loads(run("diff", LOG, changed, "--json", code=9).stdout)
    assert (told["same"], told["count"], told["divergences"][0]["field"]) == (False, 1, "data 5A")


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "gp.card"
    create_card_file(path, records("gp"))
    return path


COMMANDS_SENT = "\n".join(
    ("> 00A4040C0DE828BD080F8025000001FF0010", "< 9000", "> 0020000104********", "< 9000",
     "> 00A4020C02D120", "< 9000", "> 00B0000004", "< {}9000", "> 0084000008", "< 00000000000000009000", "")
)  # fmt: skip


def test_play_to_a_card_file(card: Path, tmp_path: Path) -> None:
    recorded = tmp_path / "x.hex"
    recorded.write_text(COMMANDS_SENT.format("3056"))
    refused = run("play", recorded, "--card", card, code=9)
    assert "not sent: masked VERIFY: 1" in refused.stderr
    assert "status word: 9000 → 6982" in refused.stdout
    result = run("play", recorded, "--card", card, "--pin", "1234", "--json", code=9)
    told = json.loads(result.stdout.partition("\nError")[0])
    assert told["skipped"] == {}
    assert [each["field"] for each in told["divergences"]] == ["data"]
    wrong = run("play", recorded, "--card", card, "--pin", "4321", code=6)
    assert "4321" not in wrong.output
    run("play", recorded, code=2)
    run("play", recorded, "--card", card, "--reader", "x", code=2)


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pcsc-lite is Linux's")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    return {**os.environ, "XDG_RUNTIME_DIR": str(runtime), "PYTHONUNBUFFERED": "1", "LC_ALL": "C"}


def bifente(environment: dict[str, str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [BIFENTE, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


CLIENT = """
import sys
from smartcard.System import readers
connection = readers()[0].createConnection()
connection.connect()
print(readers()[0])
for text in sys.argv[1:]:
    data, one, two = connection.transmit(list(bytes.fromhex(text)))
    print((bytes(data) + bytes((one, two))).hex().upper())
"""
SELECT, VERIFY, ACTIVITY = "00A4040C0DE828BD080F8025000001FF0010", "0020000104" + PIN, "00A4020C02D120"


@linux
@pytest.mark.parametrize("policy", ["strict", "search", "stateful"])
def test_replay_to_a_pcsc_program(policy: str, environment: dict[str, str]) -> None:
    commands = [command for command, _ in said(CORPUS / "tool.trace")]
    client = [sys.executable, "-c", CLIENT, *commands]
    done = bifente(environment, "trace", "replay", CORPUS / "tool.trace", "--policy", policy, "--", *client)
    assert done.returncode == 0, done.stderr
    name, *answers = done.stdout.splitlines()
    assert name == "Bifente Replay [ICC] 00 00"
    assert answers == [answer for _, answer in said(CORPUS / "tool.trace")]
    assert "11 of 11 commands answered from the trace, 11 of its 11 exchanges used" in done.stderr


@linux
def test_replay_reports_what_is_missing(environment: dict[str, str]) -> None:
    client = [sys.executable, "-c", CLIENT, "002000010435363738", "00A40904043F002F01"]
    done = bifente(environment, "trace", "replay", CORPUS / "tool.trace", "--name", "A reader", "--", *client)
    assert done.stdout.splitlines() == ["A reader", "6FFF", "6127"]
    assert "command 1: 0020000104******** is not in the trace; next comes 00A40904043F002F01" in done.stderr
    assert "35363738" not in done.stderr


ATRS = ("3BAC00402A001225006480000310009000", "3B:02:14:50")


def test_play_with_an_atr_from_outside(card: Path, tmp_path: Path) -> None:
    recorded = tmp_path / "x.hex"
    recorded.write_text("> 00A4040C0DE828BD080F8025000001FF0010\n< 9000\n")
    same, other = (
        run("play", recorded, "--card", card, "--atr", atr, code=code)
        for atr, code in zip(ATRS, (0, 9), strict=True)
    )
    assert same.stdout == "the same in 2 exchanges and resets\n"
    assert "ATR" in other.stdout
    recorded.write_text(f"# ATR {ATRS[0]}\n> 00A4040C0DE828BD080F8025000001FF0010\n< 9000\n")
    run("play", recorded, "--card", card, "--atr", ATRS[0])
    refused = run("play", recorded, "--card", card, "--atr", ATRS[1], code=3)
    assert classify(refused.exception or Exception()).what == f"the trace tells another ATR: {ATRS[0]}"
    for wrong in ("zz", "3", "00A4", "3B" * 34):
        run("play", recorded, "--card", card, "--atr", wrong, code=2)


@linux
def test_replay_with_an_atr_from_outside(environment: dict[str, str], tmp_path: Path) -> None:
    recorded = tmp_path / "x.hex"
    recorded.write_text("> 00A40000023F00\n< 9000\n")
    client = [sys.executable, "-c", CLIENT, "00A40000023F00"]
    refused = bifente(environment, "trace", "replay", recorded, "--", *client)
    assert refused.returncode == 3
    assert refused.stderr.endswith(
        "the trace does not tell the ATR of its card\nhint: give it with --atr HEX\n"
    )
    done = bifente(environment, "trace", "replay", recorded, "--atr", ATRS[1], "--", *client)
    assert done.stdout.splitlines() == ["Bifente Replay [ICC] 00 00", "9000"]


@linux
def test_opensc_takes_a_replayed_card_for_the_real_one(
    environment: dict[str, str], require_tool: Callable[[str], str]
) -> None:
    require_tool("pkcs15-tool")
    trace_file = CORPUS / "pkcs15-tool-0.23.trace"
    done = bifente(
        environment, "trace", "replay", trace_file, "--policy", "stateful", "--", "pkcs15-tool", "-D"
    )
    assert "PKCS#15 Card [CPS3v3-" in done.stdout
    assert "68 of 68 commands answered" in done.stderr


@pytest.fixture
def served(card: Path, environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """An environment in which a reader with the card is what a system's PC/SC would be."""
    process = subprocess.Popen(
        [BIFENTE, "reader", "serve", card, "-"], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        variable, _, value = process.stdout.readline().removeprefix("export ").strip().partition("=")
        yield {**environment, variable: value}
    finally:
        process.terminate()
        process.communicate(timeout=20)


@linux
def test_record_what_a_program_says(served: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out.trace"
    client = [sys.executable, "-c", CLIENT, SELECT, VERIFY, ACTIVITY, "00B0000000"]
    done = bifente(served, "trace", "record", "--reader", NAME, "-o", out, "--", *client)
    assert done.returncode == 0, done.stderr
    name, *answers = done.stdout.splitlines()
    assert name == NAME
    assert [answer[-4:] for answer in answers] == ["9000"] * 4
    recorded = read_trace(out)
    assert recorded.header.reader == NAME
    assert recorded.header.masked
    assert any(isinstance(item, ReaderEvent) and item.atr for item in recorded.items)
    exchanges = said(out)
    assert exchanges[-3][0] == "0020000104********"
    # What the program was told, and what was written down: as long, but not the same.
    assert len(exchanges[-1][1]) == len(answers[-1])
    assert exchanges[-1][1] != answers[-1]
    assert out.stat().st_mode & 0o777 == 0o600

    kept = tmp_path / "kept.trace"
    arguments = ("trace", "record", "--reader", NAME, "-o", kept, "--personal", "--unmask", "--", *client)
    assert bifente(served, *arguments).returncode == 0
    assert said(kept)[-3] == (VERIFY, "9000")
    assert said(kept)[-1][1] == answers[-1]


NAME_FILE = "00A4080C063F000001D105"
"""CPS_NAME_PS: a name, which a record replaces."""


@linux
def test_a_recorded_dialogue_is_the_same_when_it_is_played_to_its_card(
    served: dict[str, str], tmp_path: Path
) -> None:
    """Pseudonyms are not what the card says: they are passed over, said to be, and never written to the card."""
    client = [sys.executable, "-c", CLIENT, SELECT, NAME_FILE, "00B0000000", ACTIVITY, "00B0000010"]
    one, other = tmp_path / "one.trace", tmp_path / "other.trace"
    for out in (one, other):
        done = bifente(served, "trace", "record", "--reader", NAME, "-o", out, "--", *client)
        assert done.returncode == 0, done.stderr
        assert read_trace(out).header.pseudonyms
    assert said(one) != said(other)
    played = bifente(served, "trace", "play", one, "--reader", NAME)
    assert played.returncode == 0, played.stdout + played.stderr
    assert "the same in" in played.stdout
    assert (
        "not compared: what cards say of a person, replaced by pseudonyms when it was recorded: 1"
        in played.stderr
    )
    same = run("diff", one, other, "--json")
    assert (json.loads(same.stdout)["same"], json.loads(same.stdout)["not_compared"]) == (True, 1)

    # Another form forgets that there are pseudonyms: then they differ, unless one says so.
    plain = tmp_path / "one.dump"
    run("convert", one, "-o", plain)
    assert bifente(served, "trace", "play", plain, "--reader", NAME).returncode == 9
    assert bifente(served, "trace", "play", plain, "--reader", NAME, "--skip-personal").returncode == 0


def test_a_divergence_beside_pseudonyms_is_still_one(card: Path, tmp_path: Path) -> None:
    """A status word, a length, an answer that says nothing of a person: all of them count."""
    recorded = tmp_path / "x.trace"
    header = '{"bifente-trace":1,"reader":"","atr":null,"protocol":null,"date":null,"masked":true,"pseudonyms":true}'
    told = [(SELECT, "9000"), (NAME_FILE, "9000"), ("00B0000004", "414243449000"), ("00B0000002", "41429000"),
            ("00D60000024142", "9000"), ("00A4020C02FFFF", "9000"), ("00A4080C043F002F00", "9000"),
            ("00B0000002", "FFFF9000")]  # fmt: skip
    lines = [
        f'{{"time":0,"duration":0,"slot":"","level":"APDU","command":"{command}","response":"{response}"}}'
        for command, response in told
    ]
    recorded.write_text("\n".join([header, *lines, ""]))
    done = run("play", recorded, "--card", card, "--write", "--json", code=9)
    found = json.loads(done.stdout)
    assert [(each["field"], each["was"]) for each in found["divergences"]] == [
        ("status word", "9000"), ("data", "FFFF"),
    ]  # fmt: skip
    assert found["skipped"] == {"masked UPDATE BINARY": 1}
    assert found["not_compared"] == 3


@linux
def test_play_to_a_reader(served: dict[str, str], tmp_path: Path) -> None:
    recorded = tmp_path / "x.hex"
    recorded.write_text(f"> {SELECT}\n< 9000\n> 00A4020C02FFFF\n< 6A82\n")
    done = bifente(served, "trace", "play", recorded, "--reader", NAME)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "the same in 2 exchanges" in done.stdout
    gone = bifente(served, "trace", "play", recorded, "--reader", "No such reader")
    assert gone.returncode == 3
    assert f"there are: 1 {NAME}, 2 " in gone.stderr
    for part in ("[cps]", "1"):
        done = bifente(served, "trace", "play", recorded, "--reader", part)
        assert done.returncode == 0, done.stderr
    either = bifente(served, "trace", "play", recorded, "--reader", "bi-fente")
    assert either.returncode == 3
    assert f"may be any of: 1 {NAME}, 2 " in either.stderr
    nobody = bifente(
        {**served, "PCSCLITE_CSOCK_NAME": "/nonexistent"}, "trace", "play", recorded, "--reader", NAME
    )
    assert nobody.returncode == 8
    assert "no PC/SC service answers" in nobody.stderr
    assert "gone" not in nobody.stderr
    empty = bifente(
        served, "trace", "play", recorded, "--reader", NAME.replace("CPS] 00 00", "Vitale] 00 01")
    )
    assert empty.returncode == 8


@linux
def test_record_needs_a_program_and_a_card(served: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out.trace"
    assert bifente(served, "trace", "record", "--reader", NAME, "-o", out).returncode == 2
    missing = bifente(served, "trace", "record", "--reader", "No such reader", "-o", out, "--", "true")
    assert missing.returncode == 3
    assert "there is no reader 'No such reader'" in missing.stderr
    assert not out.exists()
