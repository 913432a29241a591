"""Slots and readers by any name they may be given; cards that are where another belongs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from issued import records

from bifente.applets.kernel.errors import NoContactless
from bifente.applets.store.stores import create_card_file
from bifente.cli.main import main
from bifente.cli.reader.asking import show_status
from bifente.reader.errors import ReaderError
from bifente.traces import Exchange, TraceHeader, TraceWriter
from bifente.traces.maskedbytes import MaskedBytes
from bifente.workbench.errors import WorkbenchError
from bifente.workbench.served.slots import Slots

CPS = "Bifente Lecteur bi-fente [CPS] 00 00"
VITALE = "Bifente Lecteur bi-fente [Vitale] 00 01"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Two slots under the names that ``reader serve --record`` gives them."""
    path = tmp_path / "two.trace"
    with TraceWriter.create(path, TraceHeader("a")) as writer:
        for slot, ins in ((CPS, "84"), (VITALE, "B0"), (CPS, "C0")):
            writer.write(
                Exchange(MaskedBytes(bytes.fromhex(f"00{ins}000008")), MaskedBytes(b"\x90\x00"), slot=slot)
            )
    return path


@pytest.fixture
def cards(tmp_path: Path) -> dict[str, Path]:
    made = {}
    for name, profile in (("cps", "gp"), ("vitale", "vitale-single"), ("t1", "t1test")):
        made[name] = tmp_path / f"{name}.card"
        create_card_file(made[name], records(profile))
    return made


def shown(trace: Path, slot: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert main(["trace", "show", str(trace), "--json", "--slot", slot]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [one["command"][2:4] for one in lines if "command" in one]


@pytest.mark.parametrize("slot", [CPS, CPS.lower(), "CPS", "[cps]", "1", "00 00"])
def test_a_slot_of_a_trace(slot: str, trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [each.upper() for each in shown(trace, slot, capsys)] == ["84", "C0"]


@pytest.mark.parametrize("slot", ["XX", "3", "", "Lecteur", "00"])
def test_an_unknown_slot_of_a_trace_is_an_error_that_lists(
    slot: str, trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.hex"
    for command in (
        ["show", str(trace)],
        ["show", str(trace), "--html", str(out)],
        ["convert", str(trace), "-o", str(out)],
        ["replay", str(trace)],
        ["play", str(trace), "--card", str(tmp_path / "none.card")],
    ):
        assert main(["trace", *command, "--slot", slot]) == 3
        told = capsys.readouterr()
        assert told.out == ""
        assert f"1 {CPS}" in told.err
        assert f"2 {VITALE}" in told.err
        assert not out.exists()


def test_a_slot_of_a_trace_from_a_pipe(trace: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("bifente"), "trace", "show", "-", "--slot", "vitale"],
        input=trace.read_bytes(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert b"READ BINARY" in done.stdout
    assert b"CHALLENGE" not in done.stdout


def test_a_slot_of_a_served_reader(cards: dict[str, Path]) -> None:
    with Slots([str(cards["cps"]), str(cards["vitale"])], name="L", ephemeral=True) as slots:
        for slot in ("CPS", "cps", "1", "L [CPS] 00 00", "[cp"):
            slots.answer({"do": "remove", "slot": slot})
            assert [one["card"] for one in slots.status()] == [None, str(cards["vitale"])]
            slots.answer({"do": "insert", "slot": slot, "card": str(cards["cps"])})
        for slot in ("XX", "L", ""):
            with pytest.raises(
                (ReaderError, WorkbenchError), match=r"1 L \[CPS\] 00 00, 2 L \[Vitale\] 00 01"
            ):
                slots.answer({"do": "remove", "slot": slot})
    with (
        Slots(["-"] * 4, name="L") as two,
        pytest.raises(ReaderError, match=r"may be any of: 1 L .CPS. 00 00, 3 L .CPS. 01 00"),
    ):
        two.answer({"do": "remove", "slot": "CPS"})


def test_slots_of_conform(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "--slot", "Vitale", "--case", "iso7816/select"]) in (0, 3)
    assert main(["conform", "--slot", "Test", "--slot", "XX"]) == 3
    assert "there are: 1 CPS, 2 CPS B, 3 Vitale, 4 Vitale B, 5 Test" in capsys.readouterr().err


def test_swapped_cards_are_named(cards: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    cps, vitale, t1 = (str(cards[name]) for name in ("cps", "vitale", "t1"))
    for arguments, said in (
        (("card", "rights", cps, "--cps", vitale, "--pin", "1234"), "the cards are swapped"),
        (("demo", "--cps", vitale, "--vitale", cps, "--pin", "1234"), "the cards are swapped"),
        (("card", "rights", vitale, "--cps", vitale, "--pin", "1234"), f"{vitale} is a carte Vitale"),
        (("card", "rights", cps, "--cps", cps, "--pin", "1234"), f"{cps} is a CPS"),
        (("card", "rights", vitale, "--cps", t1, "--pin", "1234"), f"{t1} is the T=1 test card"),
        (("pin", "status", vitale), f"{vitale} is a carte Vitale"),
        (("pin", "verify", t1, "--pin", "1234"), f"{t1} is the T=1 test card"),
    ):
        assert main(arguments) == 3
        told = capsys.readouterr()
        assert said in told.err
        assert "hint: " in told.err


def test_swapped_profiles_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("bifente.cli.demo.commands.open_authority", lambda _folder: authority())
    assert main(["demo", "--cps", "vitale-single", "--vitale", "t1test", "--pin", "1234"]) == 3
    assert "vitale-single is a carte Vitale: it cannot be the professional's card" in capsys.readouterr().err


def authority() -> object:
    from issued import authority as made

    return made()


def test_the_status_says_why_the_last_command_was_refused(
    cards: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Also to whoever has sent it through the socket, which carries answers only."""
    with Slots([str(cards["cps"])], name="L", ephemeral=True) as slots:
        reader, slot = slots.places[0]
        link = reader.link(slot)
        link.transmit(bytes.fromhex("00A4020C02DEAD"))
        show_status(slots.answer({"do": "status"})["slots"])
        assert capsys.readouterr().out.splitlines()[1] == (
            "   last answer 6A82: 3F00 has no EF DEAD (ISO/IEC 7816-4:2020 §11.2.2)"
        )
        link.transmit(bytes.fromhex("00A4000C023F00"))
        assert slots.status()[0]["refusal"] is None


def test_a_vitale_in_the_slot_of_the_cps_is_noted(cards: dict[str, Path]) -> None:
    with Slots([str(cards["vitale"]), str(cards["cps"])], name="L", ephemeral=True) as slots:
        assert slots.notes() == [
            f"{cards['vitale']}, a carte Vitale, is in slot CPS",
            f"{cards['cps']}, a CPS, is in slot Vitale",
        ]
        assert [one["misplaced"] for one in slots.status()] == [True, True]
    with Slots([str(cards["cps"]), str(cards["t1"])], name="L", ephemeral=True) as slots:
        assert slots.notes() == []


def test_a_slot_that_meets_its_card_without_contacts(
    cards: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    with Slots([str(cards["cps"])], name="L", ephemeral=True, contactless=["CPS"]) as slots:
        reader, slot = slots.places[0]
        assert reader.status(slot).atr.hex().upper() == "3B8F80010031B86404B0ECC1739401808290000E"
        assert reader.link(slot).transmit(bytes.fromhex("002000010431323334")) == b"\x69\x82"
        show_status(slots.answer({"do": "status"})["slots"])
        assert capsys.readouterr().out.splitlines()[0].endswith(f"{cards['cps']}, contactless")
        slots.answer({"do": "remove", "slot": "CPS"})
        with pytest.raises(NoContactless, match="a carte Vitale has no contactless interface"):
            slots.answer({"do": "insert", "slot": "CPS", "card": str(cards["vitale"])})
        slots.answer({"do": "insert", "slot": "2", "card": str(cards["cps"])})
        assert [one["contactless"] for one in slots.status()] == [True, False]
        assert slots.status()[1]["atr"].startswith("3BAC")
    with pytest.raises(ReaderError):
        Slots([], name="L", contactless=["Cab"])
