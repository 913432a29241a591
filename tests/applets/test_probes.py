"""What middleware asks of a card that it does not know changes nothing on it (shared/spec/cards.md §3.5), whatever its kind."""

import pytest
from issued import issued

from bifente.applets.families import family_of
from bifente.layouts.registry import kinds

CAC = [f"00A4040007A00000007901{number:02X}" for number in range(16)]
PROBES = [
    "00A4040007627601FF000000",
    "00A4040006A00000000101",
    "00A404000BE82B0601040181C31F0201",
    "00A4040C0FD23300000045737445494420763335",
    "00CADF3005",
    "00CB3FFF035C017E",
    "00A4040009A00000030800001000",
    "00A4040009A00000030800001000",
    "00A4040C07A000000116DB00",
    "00A4040C07A0000000791000",
    *(command.replace("00A40400", "00A4040C") for command in CAC),
    "00A404000CF276A288BCFBA69D34F31001",
    "00A4040009A00000039742544659",
    "00A4040006D27600012401",
    "00A4040C0AD392F000260100000001",
    "00A4000C023F00",
    "00A4020C022F00",
    "00B000005A",
    *(command for command in CAC for _ in range(2)),
]
"""OpenSC's drivers, in order."""


@pytest.mark.parametrize("kind", kinds())
def test_probing_leaves_no_trace(kind: str) -> None:
    card = issued(family_of(kind).example)
    before = {name: card.store.get(name) for name in card.store.names()}
    for command in PROBES:
        answer = card.transmit(bytes.fromhex(command))
        assert len(answer) >= 2
        assert answer[-2] >> 4 in (6, 9)
        assert answer[-2:] not in (b"\x6f\x00", b"\x65\x81"), command
    assert {name: card.store.get(name) for name in card.store.names()} == before
    assert not card.proven.verified
    assert card.proven.challenge is None
