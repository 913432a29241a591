"""Commands on records, on the life of files and on keys, in words."""

import pytest

from bifente.apdu.command import CommandAPDU
from bifente.layouts.cards.isotest import ATR
from bifente.traces.explanation.cardstate import CardState
from bifente.traces.explanation.commands import describe


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("00B2022400", "READ RECORD record 2 SFI 04 (FIXED)"),
        ("00B2000000", "READ RECORD first record"),
        ("00B2110200", "READ RECORD next record with identifier 11"),
        ("00B2000400", "READ RECORD record the current one"),
        ("00B2020500", "READ RECORD records from 2 on"),
        ("00DC01240431323334", "UPDATE RECORD record 1 SFI 04 (FIXED), 4 bytes"),
        ("00DD0206065401075301FF", "UPDATE RECORD record 2, a part by OR"),
        ("00D2012402FFFF", "WRITE RECORD record 1 SFI 04 (FIXED), 2 bytes"),
        ("000C0125", "ERASE RECORD records from 1 on SFI 04 (FIXED)"),
        ("00E200300101", "APPEND RECORD SFI 06 (JOURNAL), 1 byte"),
        ("00A20104017200", "SEARCH RECORD forward from 1"),
        ("00E4000002E101", "DELETE FILE E101 (BINARY)"),
        ("00440000", "ACTIVATE FILE: the current one"),
        ("00FE0000", "TERMINATE CARD USAGE"),
        ("00E000001062 0E 80020010 820101 83027001 880108".replace(" ", ""), "CREATE FILE 7001: transparent EF, 16 bytes"),
        ("00E0000001FF", "CREATE FILE with 1 byte"),
        ("00A501040660045C027F21", "SELECT DATA object 7F21, occurrence 1"),
        ("0046810000", "GENERATE ASYMMETRIC KEY PAIR: tell the public key"),
    ],
)  # fmt: skip
def test_words(command: str, words: str) -> None:
    assert describe(CommandAPDU.parse(bytes.fromhex(command)), CardState.after_reset(ATR)) == words
