"""``bifente fse chaining``: the number that chains what belongs to one person, in two passes."""

import io
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import click

from bifente.cli.options import FORCE, PATH
from bifente.cli.visible import say, visible

_KEY = click.option(
    "--key", "key", required=True, metavar="FILE", type=PATH, help="The key of this pass (fse chaining key)."
)
_LINES = click.argument("lines", metavar="LINES", type=PATH, default="-")


@click.group(short_help="Chain what belongs to one person without saying who it is.")
def chaining() -> None:
    """Chain what belongs to one person without saying who it is: the shape of FOIN, two passes with two keys.

    Synthetic: what FOIN itself computes is secret, and no number made here meets one of its. The producer has the first
    key, the platform the second; neither can rebuild the link alone.

    \b
    bifente fse chaining key -o first.key
    bifente fse chaining key -o second.key
    echo '2801599999111;198015;2' | bifente fse chaining first --key first.key > hidden.txt
    cat hidden.txt | bifente fse chaining second --key second.key
    """


@chaining.command("key", short_help="Make the key of a pass.")
@click.option(
    "-o",
    "--out",
    "output",
    required=True,
    metavar="FILE",
    type=PATH,
    help="The file to make; without --force it must not be there yet.",
)
@FORCE
def key(output: Path, force: bool) -> None:
    """Make the key of a pass: 32 random bytes in a file that only its owner can read.

    Under another key everybody has another number: --force ends every chain.
    """
    from bifente.workbench.chaining import make_key

    make_key(output, replace=force)
    say(f"{visible(str(output))}: a new key, for one of the two passes")


@chaining.command("first", short_help="The producer's pass: people into hidden names.")
@_KEY
@_LINES
def first(key: Path, lines: Path) -> None:
    """The producer's pass over LINES of NIR;AAAAMM;SEX, or standard input: a hidden name of 52 characters for each.

    The NIR is that of the assuré, month of birth and sex (1, 2) are those of who is cared for.
    """
    _pass(key, lines, second=False)


@chaining.command("second", short_help="The platform's pass: hidden names into chaining numbers.")
@_KEY
@_LINES
def second(key: Path, lines: Path) -> None:
    """The platform's pass over the LINES that the first one printed, or standard input: 17 characters for each."""
    _pass(key, lines, second=True)


def _pass(key: Path, lines: Path, *, second: bool) -> None:
    from bifente.workbench.chaining import passed, read_key

    held = read_key(key)
    with _opened(lines) as texts:
        numbered = ((number, line) for number, line in enumerate(texts, 1) if line.strip())
        for result in passed(numbered, held, second=second):
            say(result)


def _opened(path: Path) -> AbstractContextManager[Iterable[str]]:
    """The lines of a file, or of standard input for ``-``."""
    from bifente.documents import open_stream

    if str(path) == "-":
        return nullcontext(sys.stdin)
    return io.TextIOWrapper(open_stream(path), encoding="utf-8", errors="replace")
