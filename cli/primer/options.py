"""Options that several commands of ``bifente primer`` have in common."""

from pathlib import Path

import click

from bifente.cli.options import PATH, typed_text

TEXT = click.argument("text", required=False)
FILE = click.option("--file", metavar="FILE", type=PATH, help="The file that holds the text (UTF-8).")
BACK = click.option("--decipher", "back", is_flag=True, help="The way back.")


def wanted_text(text: str | None, file: Path | None) -> str:
    """The text of the argument or of the file."""
    found = given_text(text, file)
    if found is None:
        raise click.UsageError("a TEXT or --file is needed")
    return found


def given_text(text: str | None, file: Path | None) -> str | None:
    """The text of the argument or of the file, if there is one."""
    from bifente.workbench.primer.lessons import text_of

    return text_of(None if text is None else typed_text(text), file)
