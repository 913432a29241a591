"""What the commands of a surgery have in common: options, and sheets, lots and lines of the log in words and for programs."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from bifente.cli.options import PATH

if TYPE_CHECKING:
    from bifente.fse.cabinet import CabinetLot, CabinetSheet
    from bifente.fse.cabinet.demands import InsurerDemand
    from bifente.fse.cabinet.log import LogLine

CABINET = click.option(
    "--cabinet",
    "folder",
    metavar="DIR",
    type=PATH,
    help="The folder of the surgery (bifente fse cabinet init).  [default: one in your data folder]",
)
NUMBER = click.argument("number", metavar="NUMBER", type=click.IntRange(1, 999_999_999))
PROFESSIONAL = click.option(
    "--professional",
    metavar="ID",
    help="The billing number, where several professionals have such an invoice.",
)
LIMIT = click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(1, 10_000),
    default=100,
    show_default=True,
    help="At most N lines.",
)
AFTER = click.option(
    "--after",
    metavar="ID",
    type=click.IntRange(0),
    default=0,
    help="Go on behind this one, the last of the page before.",
)


def sheet_line(sheet: "CabinetSheet") -> str:
    """A sheet in a line."""
    place = f"{sheet.regime}/{sheet.caisse}/{sheet.centre}"
    lot = f", lot {sheet.lot}" if sheet.lot is not None else ""
    paid = f", paid {euros(sheet.paid)}" if sheet.paid is not None else ""
    return (
        f"n° {sheet.number:09} of {sheet.professional}: {sheet.state.value}, {sheet.care_date}, "
        f"{euros(sheet.amount)}{paid}, {place}, mode {sheet.mode or '-'}{lot}"
    )


def lot_line(lot: "CabinetLot") -> str:
    """A lot in a line."""
    due = f", due {lot.due}" if lot.due is not None else ""
    place = f"{lot.regime}/{lot.caisse}/{lot.centre}"
    what = f", DRE to {lot.complementary}" if lot.complementary else ""
    return f"lot {lot.id}: n° {lot.number:03} of {lot.professional}, {lot.state.value}, {place}, mode {lot.mode}{what}{due}"


def demand_line(demand: "InsurerDemand") -> str:
    """What is asked of an insurer, in a line."""
    lot = f", lot {demand.lot}" if demand.lot is not None else ""
    paid = f", paid {euros(demand.paid)}" if demand.paid is not None else ""
    return f"DRE to {demand.insurer}: {demand.state.value}, asked {euros(demand.amount)}{paid}{lot}"


def demand_facts(demand: "InsurerDemand") -> dict[str, object]:
    """What is asked of an insurer, for a program; amounts are cents."""
    names = demand.__dataclass_fields__
    return {name: getattr(demand, name) for name in names} | {"state": demand.state.value}


def event_line(event: "LogLine") -> str:
    """A line of the log."""
    way = f"{event.before or '-'} → {event.after}" if event.after is not None else ""
    facts = ", ".join(f"{name} {value}" for name, value in event.facts.items() if name != "digest")
    return "  ".join(part for part in (when(event.at), event.event, way, facts) if part)


def sheet_facts(sheet: "CabinetSheet") -> dict[str, object]:
    """A sheet for a program; amounts are cents."""
    names = sheet.__dataclass_fields__
    return {name: getattr(sheet, name) for name in names} | {"state": sheet.state.value}


def lot_facts(lot: "CabinetLot") -> dict[str, object]:
    """A lot for a program."""
    return {name: getattr(lot, name) for name in lot.__dataclass_fields__} | {"state": lot.state.value}


def event_facts(event: "LogLine") -> dict[str, object]:
    """A line of the log for a program."""
    return {name: getattr(event, name) for name in event.__dataclass_fields__}


def euros(cents: int) -> str:
    """``25.00 €``."""
    return f"{cents // 100}.{cents % 100:02} €"


def when(moment: str) -> str:
    """A time of the store as the clock on the wall shows it."""
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M:%S}"
