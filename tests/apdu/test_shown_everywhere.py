"""The ``repr`` of a command hides exactly what the masker hides, for each instruction, class and case."""

from collections.abc import Iterator

import pytest

from bifente.apdu import ApduError, CommandAPDU
from bifente.apdu.instructions import BY_CODE, CommandData
from bifente.apdu.secrecy import shown_command
from bifente.traces.cleaning.mask import Masker

PIN = b"1234"
CLASSES = (0x00, 0x0C, 0xA0, 0xFF)
PARAMETERS = ("0001", "8680", "3132")
"""A reference, a plain value that goes into PSO, and two digits."""


def forms(header: bytes) -> Iterator[bytes]:
    """The seven cases, and lengths that lie."""
    yield header
    yield from (header + le for le in (b"\0", b"\x08", b"\0\0\0", b"\0\x01\0"))
    for short, extended in (
        (bytes((len(PIN),)), b"\0" + len(PIN).to_bytes(2, "big")),
        (b"\x03", b"\0\0\x03"),
    ):
        yield header + short + PIN
        yield header + short + PIN + b"\0"
        yield header + extended + PIN
        yield header + extended + PIN + b"\0\0"


@pytest.mark.parametrize("cla", CLASSES, ids=lambda cla: f"{cla:02X}")
def test_repr_and_masker_hide_the_same(cla: int) -> None:
    cases = set()
    for ins in range(256):
        for parameters in PARAMETERS:
            for raw in forms(bytes((cla, ins)) + bytes.fromhex(parameters)):
                asked, _ = Masker().mask(raw, b"\x90\x00")
                assert shown_command(raw) == asked.hex(), raw.hex()
                try:
                    command = CommandAPDU.parse(raw)
                except ApduError:
                    assert asked.hides(2, len(raw)), raw.hex()
                    continue
                cases.add(command.case)
                assert repr(command) == str(command) == f"CommandAPDU({asked.hex()})", raw.hex()
    assert len(cases) == 7


@pytest.mark.parametrize("ins", range(256), ids=lambda ins: f"{ins:02X}")
def test_only_what_the_table_calls_open_is_shown(ins: int) -> None:
    """Also 26, 28 and C6, and whatever nobody has heard of."""
    for cla in (0x00, 0x0C, 0x10, 0x40, 0x80):
        raw = CommandAPDU.build(cla, ins, 0x00, 0x01, PIN).raw
        known = BY_CODE.get(ins)
        shown = known is not None and known.data in (CommandData.OPEN, CommandData.BY_P2)
        expected = raw.hex().upper() if shown else f"{raw[:5].hex().upper()}********"
        assert repr(CommandAPDU.parse(raw)) == f"CommandAPDU({expected})"
