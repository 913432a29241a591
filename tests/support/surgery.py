"""A consultation at a surgery: emulated cards of the shipped profiles, priced acts, sheets signed by both cards."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

from cryptography.hazmat.primitives.serialization import Encoding
from issued import TODAY, authority, issued

from bifente.fse.sheet.acts import Act, Ccam, Price
from bifente.fse.sheet.lotsigner import CpsSigner
from bifente.fse.sheet.model import CareSheet
from bifente.fse.sheet.session import CareSession
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader

CONSULTATION = Act("G", Decimal(1), 3000, TODAY, price=Price(unit=3000, base=3000, rate=70, amo=2100))


def technical(code: str = "HBLD038", amount: int = 10750) -> Act:
    """A technical act of the CCAM at 70 %."""
    price = Price(unit=amount, base=amount, rate=70, amo=amount * 7 // 10)
    return Act(code, Decimal(1), amount, TODAY, ccam=Ccam(grouping="ICO", teeth=("11", "12")), price=price)


@contextmanager
def consultation(cps: str = "gp", vitale: str = "vitale-single", day: date = TODAY) -> Iterator[CareSession]:
    """A session in which the PIN is given and the cards have recognised each other."""
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, issued(cps))
        reader.insert(VITALE_SLOT, issued(vitale))
        links = reader.link(CPS_SLOT), reader.link(VITALE_SLOT)
        with CareSession(*links, trust=authority().trust_store, today=day) as session:
            session.present_pin(b"1234")
            session.recognise()
            yield session


def sheets(
    session: CareSession, numbers: Sequence[int], acts: Sequence[Act] = (CONSULTATION,), day: date = TODAY
) -> list[tuple[CareSheet, bytes]]:
    """Sheets with these *numbers*, each with its signed form."""
    made = [session.draw_up(acts, number=number, care_date=day) for number in numbers]
    return [(sheet, session.sign(sheet)) for sheet in made]


def signer_of_lots(session: CareSession) -> CpsSigner:
    """The CPS of *session*, signing lots."""
    return CpsSigner(session.cps, [one.public_bytes(Encoding.DER) for one in session.trust.intermediates])
