"""``bifente sheet show|explain|pdf``: what a care sheet says, why its amounts are what they are, and on paper."""

from pathlib import Path

import click

from bifente.cli.options import FORCE, JSON, PATH
from bifente.cli.sheet.written import TABLES
from bifente.cli.visible import say, say_json

FILE = click.argument("file", metavar="SHEET", type=PATH)


@click.command(short_help="Show what a care sheet says.")
@FILE
@JSON
def show(file: Path, as_json: bool) -> None:
    """Show what a care sheet says: signed, prepared or not signed. Nothing is verified here.

    \b
    bifente sheet make --cps doctor.card --vitale patient.card --act G --pin 1234 -o sheet.p7m --force
    bifente sheet show sheet.p7m
    bifente sheet show sheet.p7m --json
    """
    from bifente.cli.sheet.words import sheet_facts, sheet_words
    from bifente.workbench.sheets.reading import read_sheet

    found = read_sheet(file)
    if as_json:
        say_json({"file": str(file), "form": found.form, **sheet_facts(found.sheet)})
        return
    say(f"{file}: {found.form}; nothing is verified here")
    for line in sheet_words(found.sheet):
        say(line)


@click.command(short_help="Say how each amount of a care sheet came about.")
@FILE
@TABLES
@JSON
def explain(file: Path, tables: Path | None, as_json: bool) -> None:
    """Price a care sheet again and say for each amount which rule, which row of which table and which day made it.

    \b
    bifente sheet make --cps doctor.card --vitale patient.card --act G --pin 1234 -o sheet.p7m --force
    bifente sheet explain sheet.p7m
    """
    from bifente.workbench.sheets.pricing import price_again
    from bifente.workbench.sheets.reading import read_sheet
    from bifente.workbench.tables import open_tables

    found = read_sheet(file)
    again = price_again(found.sheet, open_tables(tables))
    if as_json:
        say_json(
            {
                "file": str(file),
                "steps": [
                    {
                        "act": None if step.line is None else step.line + 1,
                        "what": step.what,
                        "amount": step.amount,
                        "words": step.words,
                        "row": None if step.row is None else str(step.row),
                        "doubtful": step.doubtful,
                    }
                    for step in again.steps
                ],
                "differences": list(again.differences),
            }
        )
        return
    for number, act in enumerate(found.sheet.acts):
        say(f"act {number + 1}: {act.code}")
        for step in again.steps:
            if step.line == number:
                say(f"  {step}")
    for step in again.steps:
        if step.line is None:
            say(str(step))
    for difference in again.differences:
        say(f"differs: {difference}")


@click.command(short_help="Print a care sheet and the patient's receipt.")
@FILE
@click.option(
    "-o", "--out", "output", required=True, metavar="FILE.pdf", type=PATH, help="The PDF to make (mode 600)."
)
@FORCE
@JSON
def pdf(file: Path, output: Path, force: bool, as_json: bool) -> None:
    """Print a care sheet on paper: the feuille de soins and a receipt for the patient. A specimen of our own, not the cerfa.

    \b
    bifente sheet make --cps doctor.card --vitale patient.card --act G --pin 1234 -o sheet.p7m --force
    bifente sheet pdf sheet.p7m -o sheet.pdf
    """
    from bifente.workbench.sheets.files import check_output, leave
    from bifente.workbench.sheets.paper import paper_of
    from bifente.workbench.sheets.reading import read_sheet

    check_output(output, force=force)
    content = paper_of(read_sheet(file).sheet)
    leave(output, content, force=force)
    if as_json:
        say_json({"file": str(output), "bytes": len(content), "provenance": "synthetic"})
    else:
        say(f"{output}: the feuille de soins and the patient's receipt (specimen, synthetic)")
