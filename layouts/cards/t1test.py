"""A small test card for T=1 and long lengths: an echo and one large file. All ``synthetic``: no such card exists."""

from bifente.layouts.access import ALWAYS, NEVER
from bifente.layouts.codec import RawCodec
from bifente.layouts.nodes import DF, EF, SYNTHETIC, Layout, ef_access

ATR = bytes.fromhex("3B8801424946454E544531EF")
"""T=1 only (TD1 01), historical bytes ``BIFENTE1``; the last byte is its TCK."""

AID = bytes.fromhex("F0") + b"BIFENTE-T1"

LARGE_FID = 0x1001
LARGE_SIZE = 0xFFFF + 1

LAYOUT = Layout(
    "t1test",
    "T=1 test card",
    "the T=1 test card",
    ATR,
    AID,
    DF(
        "MF",
        0x3F00,
        SYNTHETIC,
        AID,
        children=(
            EF(
                "LARGE",
                LARGE_FID,
                RawCodec(),
                ef_access(read=ALWAYS, update=ALWAYS, delete=NEVER),
                SYNTHETIC,
                0x01,
                meaning="65 536 bytes, readable and writable by anyone",
            ),
        ),
    ),
    select_answers=frozenset({0x00, 0x04, 0x0C}),
    source=SYNTHETIC,
)
