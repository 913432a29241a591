"""``bifente apdu send``: commands to a card file, answers on the screen, exit codes."""

import io
import json
import os
from pathlib import Path

import pytest

from bifente.applets import open_card
from bifente.applets.store.stores import SqliteStore, create_card_file
from bifente.cli.main import main
from bifente.layouts.cards.t1test import ATR

CONTENT = bytes(range(64))
GENERIC = "generic meaning of the status word, the card does not say why (ISO/IEC 7816-4:2020 §5.6)"
NEITHER = "is neither the MF nor 3F00 itself, a file in it, its parent or a DF beside it"


@pytest.fixture
def card(tmp_path: Path) -> str:
    """A card file whose path has a blank in it."""
    path = tmp_path / "a test.card"
    content = (CONTENT * 1024).hex().upper()
    create_card_file(
        path,
        {
            "meta": json.dumps({"kind": "t1test", "serial": "1"}).encode(),
            "file/3F00/1001": json.dumps({"raw": content}).encode(),
        },
    )
    return str(path)


def test_a_dialogue(card: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["apdu", "send", card, "A4000C:1001=", "B00002/04=9000", "00 EE 00 00 02 C0 DE 00"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"# ATR {ATR.hex().upper()}",
        "> 00A4000C021001",
        "< 9000 (success)",
        "> 00B0000204",
        "< 02030405 9000 (success)",
        "> 00EE000002C0DE00",
        "< C0DE 9000 (success)",
    ]


def test_why(card: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The reason of a refusal stands below it, by clause; success has none, and without --why nothing has."""
    assert main(["apdu", "send", card, "A4000C:7777", "A4000C:1001", "--why"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "> 00A4000C027777",
        "< 6A82 (file not found)",
        f"  7777 {NEITHER} (ISO/IEC 7816-4:2020 §11.2.2)",
        "> 00A4000C021001",
        "< 9000 (success)",
    ]
    assert main(["apdu", "send", card, "A4000C:7777", "--why", "--json"]) == 0
    [told] = json.loads(capsys.readouterr().out)["exchanges"]
    assert told["why"]["clause"] == "ISO/IEC 7816-4:2020 §11.2.2"
    assert not told["why"]["generic"]
    assert main(["apdu", "send", card, "A4000C:7777"]) == 0
    assert "neither" not in capsys.readouterr().out


class Relayed:
    """A card in the PC/SC reader of somebody: it answers, and says no more."""

    name = "A reader"

    def __init__(self, path: Path) -> None:
        inside = open_card(path)
        self.power_on, self.reset, self.power_off = inside.power_on, inside.reset, inside.power_off
        self.transmit = inside.transmit


def test_why_of_a_card_that_keeps_silent(
    card: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it is what the status word means in general, and says so."""
    real = Relayed(Path(card))
    monkeypatch.setattr("bifente.cli.apdu.commands.relayed", lambda name: real)
    assert main(["apdu", "send", "--reader", "0", "A4000C:7777", "B0/", "A4000C:1001", "--why"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "> 00A4000C027777",
        "< 6A82 (file not found)",
        f"  file not found: {GENERIC}",
        "> 00B0000000",
        "< 6986 (command not allowed, no current EF)",
        f"  command not allowed, no current EF: {GENERIC}",
        "> 00A4000C021001",
        "< 9000 (success)",
    ]


def test_any_answer_is_good_when_none_is_expected(card: str) -> None:
    assert main(["apdu", "send", card, "A4000C:7777", "A4000C:7777=6Axx"]) == 0


def test_another_answer_than_expected_ends_the_dialogue(
    card: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["apdu", "send", card, "A4000C:1001=", "A4000C:7777=", "B0/01="]) == 9
    shown = capsys.readouterr()
    assert shown.err == "bifente: command 2 of 3: the card answered 6A82 (file not found), expected 9000\n"
    assert "B0" not in shown.out


def test_json(card: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["apdu", "send", "--json", card, "A4000C:1001", "B00000/02=6xxx"]) == 9
    document = json.loads(capsys.readouterr().out)
    assert document["atr"] == ATR.hex().upper()
    assert document["exchanges"][1] == {
        "command": "00B0000002",
        "data": "0001",
        "sw": "9000",
        "meaning": "success",
        "expected": "6xxx",
    }


def test_commands_from_the_standard_input(
    card: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "sys.stdin", io.TextIOWrapper(io.BytesIO(b"# select\nA4000C:1001=\n\nB0/01= # read\n"))
    )
    assert main(["apdu", "send", card, "-"]) == 0
    assert capsys.readouterr().out.count("9000") == 2


def test_a_pin_is_not_shown_unless_asked_for(card: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["apdu", "send", card, "200001:31323334"]) == 0
    assert "> 0020000104********" in capsys.readouterr().out
    assert main(["apdu", "send", "--secrets", card, "200001:31323334"]) == 0
    assert "> 002000010431323334" in capsys.readouterr().out


def test_in_words(card: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["apdu", "send", "--explain", card, "A4000C:1001=", "200001:31323334"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[3].startswith("  SELECT")
    assert "masked" in lines[6]
    assert main(["apdu", "send", "--explain", "--json", card, "A4000C:1001="]) == 0
    assert json.loads(capsys.readouterr().out)["exchanges"][0]["words"].startswith("SELECT")


def test_a_wrong_command_is_refused_before_anything_is_sent(
    card: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["apdu", "send", card, "A4000C:1001", "D60000:00", "D600:zz"]) == 3
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("bifente: APDU 3 of 3: DATA: only hexadecimal digits are allowed\nhint: ")


def test_extended_lengths(card: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["apdu", "send", card, "A4000C:1001=", "B00000/0000="]) == 0
    assert (CONTENT * 1024).hex().upper() + " 9000" in capsys.readouterr().out


def test_no_such_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["apdu", "send", str(tmp_path / "none.card"), "84/08"]) == 4
    assert "none.card: no such card file" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [0, 1, 100, 4096])
def test_a_half_written_card(card: str, size: int, capsys: pytest.CaptureFixture[str]) -> None:
    os.truncate(card, size)
    assert main(["apdu", "send", card, "84/08"]) == 4
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("bifente: ")
    assert lines[1].startswith("hint: ")
    assert os.path.getsize(card) == size


def test_a_card_in_use(card: str, capsys: pytest.CaptureFixture[str]) -> None:
    store = SqliteStore(Path(card))
    store.open()
    try:
        assert main(["apdu", "send", card, "84/08"]) == 5
    finally:
        store.close()
    assert "in use by" in capsys.readouterr().err
    assert main(["apdu", "send", card, "84/08"]) == 0


def test_an_unknown_kind_of_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.card"
    create_card_file(path, {"meta": json.dumps({"kind": "moneo", "serial": "1"}).encode()})
    assert main(["apdu", "send", str(path), "84/08"]) == 4
    assert "moneo" in capsys.readouterr().err


def test_explain(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        main(["apdu", "explain", "00A4040C0BD250000002564954414C45", "3B8801424946454E544531EF", "63 C2"])
        == 0
    )
    command, atr, answer = capsys.readouterr().out.split("\n\n")
    assert "SELECT" in command
    assert "T=1" in atr
    assert "2 tries left" in answer
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"9000 # fine\n")))
    assert main(["apdu", "explain", "-"]) == 0
    assert "success" in capsys.readouterr().out


@pytest.mark.parametrize(
    "written",
    [
        ["3BAC00402A001225006480000310009000"],
        ["3B AC 00 40 2A 00 12 25 00 64 80 00 03 10 00 90 00"],
        ["3B:AC:00:40:2A:00:12:25:00:64:80:00:03:10:00:90:00"],
        ["0x3BAC00402A001225006480000310009000"],
        [
            "0x3B, 0xAC, 0x00, 0x40, 0x2A, 0x00, 0x12, 0x25, 0x00, 0x64, 0x80, 0x00, 0x03, 0x10, 0x00, 0x90, 0x00"
        ],
        [
            "3B",
            "AC",
            "00",
            "40",
            "2A",
            "00",
            "12",
            "25",
            "00",
            "64",
            "80",
            "00",
            "03",
            "10",
            "00",
            "90",
            "00",
        ],
        [
            "0x3B",
            "0xAC",
            "0x00",
            "0x40",
            "0x2A",
            "0x00",
            "0x12",
            "0x25",
            "0x00",
            "0x64",
            "0x80",
            "0x00",
            "0x03",
            "0x10",
            "0x00",
            "0x90",
            "0x00",
        ],
        ["3Bh ACh 00h 40h 2Ah 00h 12h 25h 00h 64h 80h 00h 03h 10h 00h 90h 00h"],
    ],
)
def test_explain_takes_bytes_as_people_write_them(
    written: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["apdu", "explain", *written]) == 0
    assert capsys.readouterr().out.startswith("ATR of the CPS3, contact\n")


def test_explain_does_not_show_a_pin(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["apdu", "explain", "002000010431323334"]) == 0
    shown = capsys.readouterr().out
    assert "VERIFY" in shown
    assert "3132" not in shown
    assert "1234" not in shown


@pytest.mark.parametrize("text", ["9", "zz", "", "  "])
def test_explain_wants_hexadecimal(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["apdu", "explain", text]) == 3
    assert capsys.readouterr().err.startswith("bifente: ")


def test_bytes_on_the_standard_input_that_are_no_text(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe\n"), encoding="utf-8"))
    assert main(["apdu", "explain", "-"]) == 3
    assert "only hexadecimal digits" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["explain", "84/08"], "HEX: only hexadecimal digits are allowed"),
        (["explain", "9000", "84/08"], "HEX 2 of 2: only hexadecimal digits are allowed"),
        (["send", "{card}", "2X"], "the command: only hexadecimal digits are allowed"),
        (["send", "{card}", "84/08", "84:X"], "APDU 2 of 2: DATA: only hexadecimal digits are allowed"),
    ],
)
def test_which_argument_is_wrong(
    arguments: list[str], said: str, card: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["apdu", *(one.format(card=card) for one in arguments)]) == 3
    error, hint = capsys.readouterr().err.splitlines()
    assert error == f"bifente: {said}"
    assert ("[CLA]INS" in hint) is (arguments[0] == "send"), "explain does not take that notation"
