"""A whole care sheet, from the PIN to the two verified signatures, by parts; the cards in memory."""

import statistics
from collections.abc import Iterator
from decimal import Decimal

from cards import TODAY, authority, powered
from frame import ROUNDS, Result

from bifente.fse.session import CareSession
from bifente.fse.sheet import Act
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader

VITALE = "vitale-single"
SHEETS = 2 * ROUNDS + 1


def one_sheet() -> tuple[dict[str, float], float]:
    """Seconds of each part, and of the private-key operations in all."""
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, powered("gp"))
        reader.insert(VITALE_SLOT, powered(VITALE))
        trust = authority().trust_store
        with CareSession(
            reader.link(CPS_SLOT), reader.link(VITALE_SLOT), trust=trust, today=TODAY
        ) as session:
            session.present_pin(b"1234")
            session.recognise()
            sheet = session.draw_up([Act("G", Decimal(1), 3000, TODAY)], number=1, care_date=TODAY)
            session.verify(session.sign(sheet))
            return dict(session.timings), session.private_key_seconds


def results() -> Iterator[Result]:
    """Medians; the limit is on everything but the private-key operations."""
    one_sheet()
    runs = [one_sheet() for _ in range(SHEETS)]
    for part in runs[0][0]:
        yield Result(f"  {part}", "ms", statistics.median(parts[part] for parts, _ in runs) * 1000)
    yield Result(
        "  of these, private-key operations", "ms", statistics.median(keys for _, keys in runs) * 1000
    )
    rest = statistics.median(sum(parts.values()) - keys for parts, keys in runs) * 1000
    yield Result("a care sheet but for private keys", "ms", rest, most=15.0)
