"""The structures on the wire: the declarations, their compiled forms, and C's own layout."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from construct import ConstructError
from hypothesis import given
from hypothesis import strategies as st

from bifente.reader.pcsclite.declared import (
    DECLARED,
    EVENTS_DECLARED,
    HEADER_DECLARED,
    READER_STATE_DECLARED,
    WAIT_DECLARED,
)
from bifente.reader.pcsclite.messages import (
    EVENTS,
    HEADER,
    LAYOUTS,
    NO_READER,
    READER_STATE,
    WAIT,
    Command,
    reader_state,
)

PAIRS = [
    *((DECLARED[command], LAYOUTS[command]) for command in DECLARED),
    (HEADER_DECLARED, HEADER),
    (READER_STATE_DECLARED, READER_STATE),
    (WAIT_DECLARED, WAIT),
    (EVENTS_DECLARED, EVENTS),
]


def test_every_declared_command_has_a_compiled_form() -> None:
    assert set(DECLARED) == set(LAYOUTS)


@pytest.mark.parametrize(("declared", "compiled"), PAIRS)
@given(data=st.data())
def test_the_compiled_form_says_what_the_declaration_says(declared, compiled, data) -> None:
    raw = data.draw(st.binary(min_size=compiled.size, max_size=compiled.size))
    assert declared.sizeof() == compiled.size
    parsed = declared.parse(raw)
    fields = [parsed[one.name] for one in declared.subcons if one.name]
    assert tuple(fields) == compiled.unpack(raw)
    # Padding is not kept; everything else comes back.
    assert declared.build(parsed) == compiled.pack(*fields)


@pytest.mark.parametrize(("declared", "compiled"), PAIRS)
def test_a_truncated_structure_is_refused_at_every_byte(declared, compiled) -> None:
    for size in range(compiled.size):
        with pytest.raises(ConstructError):
            declared.parse(bytes(size))


def test_a_reader_state() -> None:
    made = reader_state(b"bifente [CPS] 00 00", 7, 0x34, -1, bytes.fromhex("3B00"), 1)
    assert len(made) == len(NO_READER) == 184
    assert made[:19] == b"bifente [CPS] 00 00"
    assert made[19:128] == bytes(109)
    assert made[128:140] == bytes.fromhex("07000000 34000000 FFFFFFFF".replace(" ", ""))
    assert made[140:176] == bytes.fromhex("3B00") + bytes(34)
    assert made[176:] == bytes.fromhex("02000000 01000000".replace(" ", ""))


@pytest.mark.parametrize("size", [0, 33, 34, 300])
def test_no_atr_is_longer_than_its_field(size: int) -> None:
    atr = bytes(range(1, 256))[:size].ljust(size, b"\x01")
    state = READER_STATE_DECLARED.parse(reader_state(b"bifente", 0, 0x34, 0, atr, 1))
    assert state.atr_length == min(size, 33)
    assert state.atr == atr[:33].ljust(33, b"\0")


SIZES = {
    # pcsc-lite, src/winscard_msg.h, on a machine with 4-byte int
    Command.ESTABLISH_CONTEXT: 12,
    Command.RELEASE_CONTEXT: 8,
    Command.CONNECT: 152,
    Command.RECONNECT: 24,
    Command.DISCONNECT: 12,
    Command.BEGIN_TRANSACTION: 8,
    Command.END_TRANSACTION: 12,
    Command.TRANSMIT: 32,
    Command.CONTROL: 24,
    Command.STATUS: 8,
    Command.CANCEL: 8,
    Command.GET_ATTRIB: 280,
    Command.SET_ATTRIB: 280,
    Command.VERSION: 12,
}


@pytest.mark.parametrize(("command", "size"), SIZES.items())
def test_the_sizes_are_those_of_the_c_structures(command: Command, size: int) -> None:
    assert LAYOUTS[command].size == size


C_PROGRAM = """
#include <stdint.h>
#include <stddef.h>
#include <stdio.h>
struct state { char name[128]; uint32_t counter, state; int32_t sharing; unsigned char atr[33];
               uint32_t length, protocol; };
struct attribute { int32_t card; uint32_t id; uint8_t value[264]; uint32_t length, rv; };
int main(void)
{
    printf("%zu %zu %zu %zu\\n", sizeof(struct state), offsetof(struct state, atr),
           offsetof(struct state, length), sizeof(struct attribute));
    return 0;
}
"""


def test_the_compiler_of_this_machine_agrees(require_tool: Callable[[str], str], tmp_path: Path) -> None:
    source = tmp_path / "sizes.c"
    source.write_text(C_PROGRAM)
    subprocess.run([require_tool("gcc"), "-o", tmp_path / "sizes", source], check=True, timeout=60)
    said = subprocess.run([tmp_path / "sizes"], capture_output=True, text=True, check=True, timeout=10).stdout
    assert said.split() == [str(READER_STATE.size), "140", "176", str(LAYOUTS[Command.GET_ATTRIB].size)]
