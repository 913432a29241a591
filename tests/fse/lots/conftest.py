"""Sheets signed by real (emulated) cards, made once for the whole folder."""

from functools import cache

import pytest
from surgery import CONSULTATION, consultation, sheets, technical

from bifente.fse.lots.values import Invoice
from bifente.fse.sheet.model import CareSheet


@cache
def signed_by_cards() -> tuple[tuple[CareSheet, bytes], ...]:
    """Three sheets of one patient: a consultation, a technical act, both."""
    with consultation() as session:
        return (
            *sheets(session, [1]),
            *sheets(session, [2], [technical()]),
            *sheets(session, [3], [CONSULTATION, technical()]),
        )


@pytest.fixture(scope="session")
def invoices() -> list[Invoice]:
    """Those sheets as invoices."""
    return [Invoice(sheet.number, sheet, signed) for sheet, signed in signed_by_cards()]
