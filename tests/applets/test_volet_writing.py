"""Who writes the volets of a Vitale: the medical one is for those who prescribe or dispense, the other for nobody."""

from dataclasses import replace

import pytest
from pair import CPS, DOCTOR, SELECT_VITALE, VITALE, Terminal, card, changed, send

from bifente.apdu.cvc import Cha

MEDICAL, URGENCE = "2302", "2301"


def writes(terminal: Terminal, fid: str) -> str:
    """The status of writing one byte of a file of the application VITALE."""
    send(terminal.vitale, SELECT_VITALE)
    assert send(terminal.vitale, f"00A4020C02{fid}")[1] == "9000"
    return send(terminal.vitale, "00D6000001EE")[1]


def recognised(cha: Cha) -> Terminal:
    side = changed(CPS, cha=cha)
    terminal = Terminal(card(side), card(VITALE), cps_certificate=side.certificate)
    assert terminal.recognise() == "9000"
    return terminal


ROLES = [
    ("doctor", DOCTOR, "9000"),
    ("pharmacist", replace(DOCTOR, profession=21), "9000"),
    ("dentist", replace(DOCTOR, profession=40), "9000"),
    ("midwife", replace(DOCTOR, profession=50), "9000"),
    ("nurse", replace(DOCTOR, profession=60), "6982"),
    ("student of medicine", replace(DOCTOR, g02=1), "6982"),
    ("director", replace(DOCTOR, g02=2, profession=0, g04=1), "6982"),
    ("employee of an office", replace(DOCTOR, g02=3, profession=0), "6982"),
]


@pytest.mark.parametrize(("cha", "status"), [row[1:] for row in ROLES], ids=[row[0] for row in ROLES])
def test_each_role_writes_its_own(cha: Cha, status: str) -> None:
    terminal = recognised(cha)
    before = terminal.vitale.store.get("file/3F00/0001/2302")
    assert writes(terminal, MEDICAL) == status
    assert writes(terminal, URGENCE) == "6982"
    assert (terminal.vitale.store.get("file/3F00/0001/2302") != before) == (status == "9000")


@pytest.mark.parametrize("fid", [MEDICAL, URGENCE])
def test_nobody_writes_without_recognition(fid: str) -> None:
    assert writes(Terminal(card(CPS), card(VITALE)), fid) == "6982"


def test_what_a_doctor_wrote_outlives_the_recognition() -> None:
    terminal = recognised(DOCTOR)
    assert writes(terminal, MEDICAL) == "9000"
    terminal.vitale.reset()
    assert writes(terminal, MEDICAL) == "6982"
    terminal = Terminal(card(CPS), terminal.vitale)
    assert terminal.recognise() == "9000"
    assert send(terminal.vitale, "00A4020C02" + MEDICAL)[1] == "9000"
    assert send(terminal.vitale, "00B0000002") == (b"\xeee", "9000")
