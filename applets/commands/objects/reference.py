"""Which data object P1-P2 name: a BER-TLV tag, a SIMPLE-TLV tag, or a number of our own (ISO/IEC 7816-4:2020 table 82)."""

from bifente.apdu.command import CommandAPDU
from bifente.applets.kernel.refusals import wrong_parameters

CURRENT = (0x3F, 0xFF)
"""P1-P2 of an odd instruction: objects of the current directory."""


def reference(apdu: CommandAPDU, clause: str) -> int:
    """P1-P2 as the reference of an object. Raises CardError 6A86 for what names none."""
    meant = apdu.p1 << 8 | apdu.p2
    if 0x0040 <= meant <= 0x01FF or 0x0201 <= meant <= 0x02FE or 0x4000 <= meant <= 0xFFFE:
        return meant
    expected = (
        "0040 to 00FF and 4000 on are BER-TLV tags, 0201 to 02FE SIMPLE-TLV tags, 0100 to 01FF the card's own"
    )
    raise wrong_parameters(apdu, clause, expected)


def named(meant: int) -> str:
    """The reference for a sentence."""
    return f"data object {meant:04X}"
