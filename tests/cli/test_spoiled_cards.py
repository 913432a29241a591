"""A card file with a record that cannot be its card's: every command says so in one line, with exit code 4, and changes nothing."""

import json
from pathlib import Path

import pytest
from issued import records

from bifente.applets.store.stores import create_card_file
from bifente.cli.main import main

GARBAGE = {
    "an ATR that is none": ("meta", json.dumps({**json.loads(records("gp")["meta"]), "atr": "zz"}).encode()),
    "uses of one byte": ("pin/02/uses", b"\x01"),
    "deep JSON": ("file/3F00/0001/D104", b"[" * 100_000),
    "a key of nobody": ("key/3F00/0001/81", b"\x30\x00"),
}
COMMANDS = {
    "show": ["card", "show", "X"],
    "dump": ["card", "dump", "X"],
    "diff": ["card", "diff", "X", "X"],
    "set": ["card", "set", "X", "CPS_NAME_PS/nom_patronymique", "AUTRE"],
    "block": ["card", "block", "X"],
    "verify": ["pin", "verify", "X", "--pin", "1234"],
    "send": ["apdu", "send", "X", "00A4000C023F00"],
    "serve": ["reader", "run", "X", "--", "true"],
    "play": ["trace", "play", "T", "--card", "X"],
}
TRACE = "APDU: 00A4000C023F00\nSW: 9000\n"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("garbage", GARBAGE)
def test_each_command_says_it_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], garbage: str, command: str
) -> None:
    name, record = GARBAGE[garbage]
    card, trace = tmp_path / "x.card", tmp_path / "t.log"
    create_card_file(card, {**records("gp"), name: record})
    trace.write_text(TRACE, "ascii")
    before = card.read_bytes()
    arguments = [{"X": str(card), "T": str(trace)}.get(part, part) for part in COMMANDS[command]]
    assert main(arguments) == 4
    told = capsys.readouterr()
    what, hint = told.err.splitlines()
    assert what.startswith(f"bifente: record {name} of the card: ")
    assert hint == "hint: restore the card from a copy, or create it again from its profile"
    assert card.read_bytes() == before


def test_restore_heals_what_the_card_has_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = tmp_path / "x.card"
    create_card_file(card, {**records("gp"), "pin/02/uses": b"\x01"})
    assert main(["card", "restore", str(card)]) == 0
    assert main(["pin", "verify", str(card), "--pin", "1234"]) == 0
    spoiled = tmp_path / "y.card"
    create_card_file(spoiled, {**records("gp"), "key/3F00/0001/81": b""})
    capsys.readouterr()
    assert main(["card", "restore", str(spoiled)]) == 4
    assert "key/3F00/0001/81" in capsys.readouterr().err
