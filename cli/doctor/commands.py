"""``bifente doctor``: is everything here that bifente's ways to a card need, and what helps where it is not."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from bifente.cli.errors import ExitCode
from bifente.cli.visible import say, say_json

if TYPE_CHECKING:
    from rich.table import Table

    from bifente.workbench.doctor.checks import Check

_NAME = 19
_INDENT = _NAME + 3
_MARKS = {"ok": ("✓", "green"), "note": ("•", "yellow"), "problem": ("✗", "bold red")}


@click.command(short_help="Look whether this machine has what cards and readers need.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(as_json: bool) -> int:
    """Look whether this machine has what cards and readers need, and say what helps.

    A dot is not a fault: it works with something to know, or is needed for some ways only. A cross is what cannot work as
    it is set up; then the exit code is 14, else 0.
    """
    from bifente.workbench.doctor.checks import State, all_checks

    if as_json:
        checks = list(all_checks())
        document = {
            "usable": all(check.state is not State.PROBLEM for check in checks),
            "checks": [
                {"name": one.name, "state": one.state.value, "found": one.found, "cure": one.cure}
                for one in checks
            ],
        }
        say_json(document)
    else:
        checks = _show(all_checks())
    failed = any(check.state is State.PROBLEM for check in checks)
    return int(ExitCode.NOT_USABLE if failed else ExitCode.OK)


def _show(checks: "Iterable[Check]") -> "list[Check]":
    """Print the checks as they come."""
    from bifente.cli.screen import Screen

    console = Screen(emoji=False)
    seen = []
    for check in checks:
        if console.is_terminal:
            console.print(_row(check))
        else:
            say(f"{_MARKS[check.state.value][0]} {check.name:<{_NAME}} {check.found}")
            if check.cure is not None:
                say(f"{'':{_INDENT}}→ {check.cure}")
        seen.append(check)
    problems = sum(check.state.value == "problem" for check in seen)
    if problems:
        console.print(f"\n{problems} thing{'' if problems == 1 else 's'} to mend, marked ✗", style="bold red")
    else:
        console.print("\nNothing stands in the way.", style="bold green")
    return seen


def _row(check: "Check") -> "Table":
    """One check, its long texts indented under each other."""
    from rich.table import Table
    from rich.text import Text

    mark, style = _MARKS[check.state.value]
    said = Text(check.found)
    if check.cure is not None:
        said.append(f"\n→ {check.cure}", style="cyan")
    row = Table.grid(padding=(0, 1, 0, 0))
    row.add_column(width=1)
    row.add_column(width=_NAME)
    row.add_column()
    row.add_row(Text(mark, style=style), Text(check.name, style="bold"), said)
    return row
