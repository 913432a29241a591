"""The table of instructions: each code once, each fact where its users find it."""

import pytest

from bifente.apdu import instructions
from bifente.apdu.instructions import (
    BY_CODE,
    INTERINDUSTRY,
    TABLE,
    CommandData,
    Effect,
    InstructionSet,
    InstructionSpec,
    Purpose,
    codes,
    instruction,
    instruction_name,
)


def test_no_code_stands_twice_in_one_set() -> None:
    seen = [(known.instruction_set, known.code) for known in TABLE]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("known", TABLE, ids=lambda known: f"{known.instruction_set.name}-{known.code:02X}")
def test_a_line_does_not_contradict_itself(known: InstructionSpec) -> None:
    assert 0 <= known.code <= 0xFF
    assert known.code >> 4 not in (6, 9)  # ISO/IEC 7816-3:2006 §10.3.2: no INS, they are procedure bytes
    assert known.clause
    assert not (known.silent and (known.le_is_amount or known.outgoing))
    if known.holds_file:
        assert known.purpose in (Purpose.READING, Purpose.WRITING)
        assert known.data is CommandData.OPEN
    if known.effect in (Effect.PRESENTS_PIN, Effect.REPLACES_PIN):
        assert known.data is CommandData.PIN
        assert known.silent


def test_the_two_codes_of_an_instruction_agree() -> None:
    """INS with bit 1 set is the same instruction with BER-TLV data (ISO/IEC 7816-4:2020 §5.5)."""
    for code, known in INTERINDUSTRY.items():
        if code & ~instructions.BER_TLV == instructions.SELECT:
            continue  # A5 is SELECT DATA, an instruction of its own
        other = INTERINDUSTRY.get(code ^ instructions.BER_TLV)
        if other is not None and known.name and other.name:
            for field in ("name", "clause", "purpose", "data", "answer", "silent", "changes", "done"):
                assert getattr(known, field) == getattr(other, field), (known.name, field)


@pytest.mark.parametrize(
    ("cla", "ins", "name"),
    [
        (0x00, 0xA4, "SELECT"),
        (0x80, 0x2A, "PERFORM SECURITY OPERATION"),
        (0xA0, 0x48, "CPS2ter EncipherSessionKey"),
        (0xA2, 0xA4, "CPS2ter Select"),
        (0xA0, 0xCA, "GET DATA"),
        (0x00, 0x48, "INS 48"),
        (0x00, 0x27, "INS 27"),
        (0x00, 0xEE, "INS EE"),
        (0xFF, 0x82, "LOAD KEYS"),
        (0x00, 0x82, "EXTERNAL AUTHENTICATE"),
        (0xA0, 0x12, "INS 12"),
    ],
)
def test_the_class_tells_one_meaning_of_a_code_from_another(cla: int, ins: int, name: str) -> None:
    assert instruction_name(cla, ins) == name


def test_where_the_class_is_not_to_be_trusted_interindustry_comes_first() -> None:
    assert BY_CODE[0x82].name == "EXTERNAL AUTHENTICATE"
    assert BY_CODE[0xF2].instruction_set is InstructionSet.CPS2TER
    assert instruction(0x00, 0xF2) is None
    assert BY_CODE.keys() == {known.code for known in TABLE}


def test_what_the_t0_front_asks() -> None:
    """As ISO/IEC 7816-4 and its parts 8 and 9 have them, written down a second time."""
    assert codes(lambda known: known.le_is_amount) == {0x84, 0xB0, 0xB2}
    assert codes(lambda known: known.silent) == {
        0x04, 0x0C, 0x0E, 0x0F, 0x20, 0x21, 0x22, 0x24, 0x25, 0x26, 0x28, 0x2C, 0x2D, 0x44, 0xA5,
        0xD0, 0xD1, 0xD2, 0xD6, 0xD7, 0xDA, 0xDB, 0xDC, 0xDD, 0xE0, 0xE2, 0xE4, 0xE6, 0xE8, 0xFE,
    }  # fmt: skip


def test_what_a_replayer_asks() -> None:
    assert codes(lambda known: known.changes) == {
        0x04, 0x0C, 0x0E, 0x0F, 0x24, 0x25, 0x26, 0x28, 0x2C, 0x2D, 0x44, 0x46, 0x47, 0xD0, 0xD1, 0xD2, 0xD6, 0xD7, 0xDA,
        0xDB, 0xDC, 0xDD, 0xE0, 0xE2, 0xE4, 0xE6, 0xE8, 0xFE,
    }  # fmt: skip
    assert codes(lambda known: known.holds_file and known.purpose is Purpose.WRITING) == {
        0xD0, 0xD1, 0xD2, 0xD6, 0xD7, 0xDC, 0xDD, 0xE2,
    }  # fmt: skip


def test_what_the_masker_asks() -> None:
    assert codes(lambda known: known.data is CommandData.PIN) == set(range(0x20, 0x2E)) - {
        0x22,
        0x23,
        0x2A,
        0x2B,
    }
    assert codes(lambda known: known.data is CommandData.HIDDEN, BY_CODE) == {0xC2, 0xC3, 0xD8, 0xDA, 0xDB}
