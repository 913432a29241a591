"""``bifente pin``: by APDUs on the card in a file; tries are told, secrets never."""

import json
from pathlib import Path

import pytest
from keypool import KeySource

from bifente.applets.perso import personalise, read_profile
from bifente.applets.store.stores import SqliteStore, StoreFull, create_card_file, read_snapshot
from bifente.cli.main import main
from bifente.igc import Authority


@pytest.fixture
def card(tmp_path: Path, pooled_authority: Authority, pooled_source: KeySource) -> str:
    from datetime import date

    path = tmp_path / "a doctor.card"
    create_card_file(
        path, personalise(read_profile("gp"), pooled_authority, keys=pooled_source, today=date(2026, 3, 2))
    )
    return str(path)


def counter(card: str, name: str) -> int:
    return int.from_bytes(read_snapshot(Path(card))[name], "big")


def test_status(card, capsys):
    assert main(["pin", "status", card]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "PIN: 3 of 3 tries left",
        "PUK: 10 of 10 tries left, 100 uses left",
    ]
    assert main(["pin", "status", card, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["puk"] == {
        "tries_left": 10,
        "tries": 10,
        "uses_left": 100,
        "blocked": False,
    }


def test_the_life_of_a_pin(card, capsys, monkeypatch):
    assert main(["pin", "verify", card, "--pin", "1234"]) == 0
    assert capsys.readouterr().out == "the PIN is right; 3 of 3 tries left\n"
    for left, code in ((2, 6), (1, 6), (0, 7)):
        assert main(["pin", "verify", card, "--pin", "9999"]) == code
        shown = capsys.readouterr()
        assert shown.out == ""
        assert "9999" not in shown.err
        assert (f"{left} tr" in shown.err) or left == 0
        assert counter(card, "pin/01/left") == left
    assert main(["pin", "verify", card, "--pin", "1234"]) == 7
    capsys.readouterr()
    assert main(["pin", "status", card]) == 0
    assert capsys.readouterr().out.startswith("PIN: blocked\n")
    assert main(["pin", "unblock", card, "--puk", "99999999", "--new-pin", "2468"]) == 6
    assert "9 tries left" in capsys.readouterr().err
    assert main(["pin", "unblock", card, "--puk", "12345678", "--new-pin", "2468"]) == 0
    assert capsys.readouterr().out == "the PIN is set; 3 of 3 tries left\n"
    assert counter(card, "pin/02/uses") == 99
    monkeypatch.setenv("BIFENTE_PIN", "2468")
    assert main(["pin", "verify", card]) == 0
    assert main(["pin", "change", card, "--new-pin", "13572468", "--json"]) == 0
    capsys.readouterr()
    monkeypatch.setenv("BIFENTE_PIN", "13572468")
    assert main(["pin", "verify", card]) == 0


def test_a_pin_from_a_file(card, tmp_path, capsys):
    file = tmp_path / "my pin"
    file.write_text("1234\n")
    file.chmod(0o600)
    assert main(["pin", "verify", card, "--pin-file", str(file)]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("pin", ["12", "123456789", "12a4", ""])
def test_a_pin_of_wrong_shape_costs_no_try(pin, card, capsys):
    assert main(["pin", "verify", card, "--pin", pin]) == 3
    assert "a PIN has 4 to 8 digits" in capsys.readouterr().err
    assert counter(card, "pin/01/left") == 3


def test_a_used_up_puk_is_told(card, capsys):
    assert main(["card", "block", card, "--puk"]) == 0
    assert main(["pin", "unblock", card, "--puk", "12345678", "--new-pin", "1234"]) == 7
    assert "used up" in capsys.readouterr().err


def test_a_wrong_puk_is_not_called_a_pin(card, capsys):
    assert main(["pin", "unblock", card, "--puk", "87654321", "--new-pin", "1234"]) == 6
    what, hint = capsys.readouterr().err.splitlines()
    assert "wrong PUK: 9 tries left" in what
    assert hint == "hint: check the PUK"


def test_a_vitale_has_no_pin(tmp_path, pooled_authority, pooled_source, capsys):
    from datetime import date

    path = tmp_path / "v.card"
    create_card_file(
        path,
        personalise(
            read_profile("vitale-single"), pooled_authority, keys=pooled_source, today=date(2026, 3, 2)
        ),
    )
    assert main(["pin", "status", str(path)]) == 3
    assert "v.card is a carte Vitale: it cannot be the card of this PIN" in capsys.readouterr().err


def test_a_full_disk_is_said_as_such(card, monkeypatch, capsys):
    """The terminal sees 6581 of the card; whoever owns the file wants to know why."""

    def full(self, changes):
        raise StoreFull(self.path)

    monkeypatch.setattr(SqliteStore, "commit", full)
    assert main(["pin", "verify", card, "--pin", "1234"]) == 12
    what, hint = capsys.readouterr().err.splitlines()
    assert what == f"bifente: {card}: cannot be written (disk full)"
    assert hint.startswith("hint: free some space")
    assert main(["pin", "status", card]) == 0


def test_what_is_no_card(tmp_path, capsys):
    assert main(["pin", "status", str(tmp_path / "none.card")]) == 4
    assert capsys.readouterr().err.splitlines()[0].endswith("no such card file")


@pytest.mark.parametrize("command", ["status", "verify", "change", "unblock"])
def test_help(command, capsys):
    assert main(["pin", command, "--help"]) == 0
    assert f"bifente pin {command}" in capsys.readouterr().out
