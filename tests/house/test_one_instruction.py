"""An instruction is added by one line of one table, and everybody follows it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("onelinemore.py")
LINES = (
    '_pin(0x3C, "PRESENT TOY CODE", "synthetic", effect=Effect.PRESENTS_PIN, done="verified"),',
    '_write(0x3E, "WRITE TOY", "synthetic", holds_file=True, effect=Effect.ADDRESSES, done="written"),',
    '_read(0x38, "READ TOY", "synthetic", le_is_amount=True),',
)


def found(*lines: str) -> Any:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *lines], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def without() -> Any:
    return found()


@pytest.fixture(scope="module")
def with_lines() -> Any:
    return found(*LINES)


def test_of_an_instruction_that_is_not_there_nobody_knows_anything(without: Any) -> None:
    for name, ins in (("present", "3C"), ("write", "3E")):
        facts = without[name]
        assert facts["repr"].endswith("********)")
        assert facts["masked"].endswith("********")
        assert facts["explained"].startswith(f"INS {ins}")
        assert facts["explained"].endswith("done")
        assert facts["T=0 asks"][0].endswith("00")  # it may answer
        assert facts["skipped"] == {f"masked INS {ins}": 1}
        assert (facts["PIN pad"], facts["phase"], facts["verified"], facts["personal"]) == (
            None,
            "other",
            [],
            False,
        )
        assert facts["differs"] > 0
    assert without["read"]["GSMTAP"] == 13
    assert without["read"]["T=0 asks"] == ["0038000000"]
    assert without["replayed"] == ["6982", "010203049000", "9000", "010203049000"]


def test_an_instruction_with_a_pin_is_one_line(with_lines: Any) -> None:
    assert with_lines["present"] == {
        "repr": "CommandAPDU(003C000104********)",
        "masked": "003C000104********",
        "masked other": "003C000104********",
        "P3": "003C0001**",
        "explained": "PRESENT TOY CODE 00 01 with 4 bytes → verified",
        "identified": "PRESENT TOY CODE 00 01 with 4 bytes",
        "verified": [1],
        "file": None,
        "T=0 asks": ["003c00010431323334"],
        "PIN pad": "9000",
        "played": ["003c00010431323334"],
        "skipped": {},
        "differs": 0,
        "phase": "PIN",
        "personal": False,
    }


def test_an_instruction_that_writes_is_one_line(with_lines: Any) -> None:
    assert with_lines["write"] == {
        "repr": "CommandAPDU(003E85000461626364)",
        "masked": "003E85000461626364",
        "masked other": "003E85000464636261",
        "P3": "003E850034",
        "explained": "WRITE TOY 85 00 with 4 bytes → written",
        "identified": "WRITE TOY 85 00 with 4 bytes",
        "verified": [],
        "file": None,
        "T=0 asks": ["003e85000461626364"],
        "PIN pad": None,
        "played": [],
        "skipped": {"WRITE TOY, which changes the card": 1},
        "differs": 2,
        "phase": "writing",
        "personal": True,
    }


def test_an_instruction_that_reads_is_one_line(with_lines: Any) -> None:
    assert with_lines["read"] == {
        "T=0 asks": ["0038000005"],
        "T=0 answers": "41424344456103",
        "GSMTAP": 5,
        "explained": "READ TOY 00 00 → 8 bytes",
        "personal": True,
        "phase": "reading",
    }


def test_a_replayed_card_knows_the_state_behind_it(with_lines: Any) -> None:
    assert with_lines["replayed"] == ["6982", "6982", "9000", "010203049000"]
