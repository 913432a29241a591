"""pcsc-tools, opensc-tool and opensc-explorer see the reader and its cards."""

from collections.abc import Callable
from pathlib import Path

import pytest
from clients import PCSC_NAME, Lines, card

from bifente.reader import CPS_SLOT, VITALE_SLOT

CPS_ATR = "3B AC 00 40 2A 00 12 25 00 64 80 00 03 10 00 90 00"
VITALE_ATR = "3B 75 13 00 00 47 09 EA 90 00"

RequireTool = Callable[[str], str]


def test_pcsc_scan_shows_both_slots_and_follows_the_cards(desk, require_tool: RequireTool):
    require_tool("pcsc_scan")
    made = desk("gp", "vitale-single")
    with made.start("pcsc_scan", "-n") as program:
        try:
            screen = Lines(program)
            screen.until(rf"0: {PCSC_NAME} \[CPS\] 00 00")
            screen.until(rf"1: {PCSC_NAME} \[Vitale\] 00 01")
            screen.until(CPS_ATR)
            screen.until(VITALE_ATR)
            made.reader.remove(CPS_SLOT)
            screen.until(r"Reader 0: .*\n.*\n  Card state: Card removed")
            made.reader.insert(CPS_SLOT, card("pharmacist"))
            screen.until(rf"Reader 0: .*\n.*\n  Card state: Card inserted, *\n  ATR: {CPS_ATR}")
            made.reader.remove(VITALE_SLOT)
            screen.until(r"Reader 1: .*\n.*\n  Card state: Card removed")
        finally:
            program.terminate()


def test_pcsc_scan_lists_readers_and_cards_and_ends(desk, require_tool: RequireTool):
    require_tool("pcsc_scan")
    made = desk(None, "vitale-single")
    made.run("pcsc_scan", "-r").ok().says(rf"^0: {PCSC_NAME} \[CPS\] 00 00$", r"^1: .*\[Vitale\] 00 01$")
    cards = made.run("pcsc_scan", "-n", "-c").ok()
    cards.says(r"Card removed", rf"ATR: {VITALE_ATR}").never_says(CPS_ATR)


@pytest.mark.parametrize(
    ("atr", "name"), [(CPS_ATR, "Sesam Vitale card CPS"), (VITALE_ATR, "Carte Vitale")], ids=["cps", "vitale"]
)
def test_the_atr_is_recognised_by_name(desk, require_tool: RequireTool, atr: str, name: str):
    require_tool("ATR_analysis")
    desk().run("ATR_analysis", atr).ok().says("Protocol T = 0|TC\\(1\\) = 00", name)


def test_pcsc_scan_analyses_what_is_in_the_slots(desk, require_tool: RequireTool):
    require_tool("ATR_analysis")
    require_tool("pcsc_scan")
    made = desk("gp", "vitale-single")
    with made.start("pcsc_scan") as program:
        try:
            screen = Lines(program)
            screen.until("Possibly identified card")
            screen.until("Sesam Vitale card CPS")
            screen.until("Carte Vitale")
        finally:
            program.terminate()


def test_opensc_tool_names_the_card(desk, require_tool: RequireTool):
    require_tool("opensc-tool")
    made = desk("gp", "vitale-single")
    readers = made.run("opensc-tool", "-l").ok()
    readers.says(rf"^0 +Yes +{PCSC_NAME} \[CPS\] 00 00$", rf"^1 +Yes +{PCSC_NAME} \[Vitale\] 00 01$")
    made.run("opensc-tool", "-l", "-n", "-a").ok().says("IAS-ECC", CPS_ATR.replace(" ", ":").lower())
    made.run("opensc-tool", "-r", "1", "-n", "-a").ok().says(
        "Unsupported card", VITALE_ATR.replace(" ", ":").lower()
    )


def test_opensc_tool_reads_the_serial_number(desk, require_tool: RequireTool):
    require_tool("opensc-tool")
    made = desk("gp")
    serial = made.cards[CPS_SLOT].serial
    assert serial is not None
    made.run("opensc-tool", "--serial").ok().says(rf"^00 00 01 {bytes.fromhex(serial).hex(' ')} [0-9]F")


def test_the_probing_of_an_unknown_card_leaves_the_vitale_as_it_is(desk, require_tool: RequireTool):
    require_tool("opensc-tool")
    made = desk(None, "vitale-single")
    before = {name: made.cards[VITALE_SLOT].store.get(name) for name in made.cards[VITALE_SLOT].store.names()}
    probing = made.run("opensc-tool", "-r", "1", "-n").ok().says("Unsupported card")
    assert len(probing.asked("")) > 30
    assert not [line for line in probing.asked("") if line.endswith("6F00")], str(probing)
    after = {name: made.cards[VITALE_SLOT].store.get(name) for name in made.cards[VITALE_SLOT].store.names()}
    assert after == before


def test_opensc_explorer_walks_through_a_cps(desk, require_tool: RequireTool, tmp_path: Path):
    require_tool("opensc-explorer")
    script = tmp_path / "walk"
    script.write_text(
        "cd 0001\n"
        "info\n"
        "cat D105\n"
        "get D106 languages.bin\n"
        "verify CHV1 31:32:33:34\n"
        "cat D120\n"
        "apdu 00:84:00:00:10\n"
        "quit\n"
    )
    made = desk("gp")
    walk = made.run("opensc-explorer", str(script)).ok()
    walk.says("Dedicated File  ID 0001", "FICTIF-L", "Code correct", "INET FICTIF DU D", "SW1=0x90, SW2=0x00")
    assert (tmp_path / "languages.bin").read_bytes() == bytes.fromhex("3008800266728002656E")


def test_opensc_explorer_is_refused_what_the_card_protects(desk, require_tool: RequireTool, tmp_path: Path):
    require_tool("opensc-explorer")
    script = tmp_path / "refused"
    script.write_text("cd 0001\ncat D120\nquit\n")
    made = desk("gp")
    refused = made.run("opensc-explorer", str(script))
    refused.says("Read failed").never_says("CABINET")
    assert [line for line in refused.asked("00B00000") if line.endswith(" -> 6982")], str(refused)
