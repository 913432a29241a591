"""Numbers: invoices of 9 digits unique for a professional, lots 001 to 999, files of 6 characters (spec/fse.md §1.1)."""

from typing import Final

from sqlalchemy import Connection, insert, select, update

from bifente.fse.cabinet.errors import CabinetError
from bifente.fse.cabinet.states import LOT, LotEvent, LotState
from bifente.fse.cabinet.tables import COUNTERS, LOTS, SHEETS

MOST_INVOICE: Final = 999_999_999
MOST_LOT: Final = 999
MOST_FILE: Final = 999_999

_NOT_TAKEN_YET: Final = (LotState.MADE, LotState.REFUSED)
"""Besides the lots that wait for an ARL, these keep their numbers for themselves."""

_ALL: Final = "*"
"""Files are numbered for the surgery, not for each of its professionals."""


def next_invoice(connection: Connection, professional: str) -> int:
    """A number that no invoice of *professional* has or had; it is taken with this. Raises CabinetError after the last."""
    last = _last(connection, professional, "invoice")
    highest = connection.execute(
        select(SHEETS.c.number).where(SHEETS.c.professional == professional).order_by(SHEETS.c.number.desc()).limit(1)
    ).scalar_one_or_none()  # fmt: skip
    number = max(last, highest or 0) + 1
    if number > MOST_INVOICE:
        raise CabinetError(f"all invoice numbers of {professional} up to {MOST_INVOICE} are used")
    _set(connection, professional, "invoice", number)
    return number


def next_lot(connection: Connection, professional: str) -> int:
    """The next lot number, 1 again after 999; those of lots that are still open are left out. Raises CabinetError."""
    last = _last(connection, professional, "lot")
    open_ = [
        state.value for state in LotState if LOT.find(state, LotEvent.ARL_MINUS) or state in _NOT_TAKEN_YET
    ]
    taken = set(
        connection.execute(
            select(LOTS.c.number).where(LOTS.c.professional == professional, LOTS.c.state.in_(open_)).distinct()
        ).scalars()
    )  # fmt: skip
    for step in range(1, MOST_LOT + 1):
        number = (last + step - 1) % MOST_LOT + 1
        if number not in taken:
            _set(connection, professional, "lot", number)
            return number
    raise CabinetError(
        f"{professional} has {MOST_LOT} lots that wait for their returns: there is no number for another",
        hint="collect the returns first",
    )


def next_file(connection: Connection) -> str:
    """The identification of the next file: six digits, 000001 again after 999999."""
    number = _last(connection, _ALL, "file") % MOST_FILE + 1
    _set(connection, _ALL, "file", number)
    return f"{number:06}"


def _last(connection: Connection, professional: str, name: str) -> int:
    query = select(COUNTERS.c.last).where(COUNTERS.c.professional == professional, COUNTERS.c.name == name)
    return int(connection.execute(query.with_for_update()).scalar_one_or_none() or 0)


def _set(connection: Connection, professional: str, name: str, last: int) -> None:
    this = (COUNTERS.c.professional == professional, COUNTERS.c.name == name)
    if not connection.execute(update(COUNTERS).where(*this).values(last=last)).rowcount:
        connection.execute(insert(COUNTERS).values(professional=professional, name=name, last=last))
