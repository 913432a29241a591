"""Lines of styled words, as wide as the screen: what ``bifente card show`` prints, without the time that rich takes to load.

Words wrap where rich wraps them, and long ones are cut (``tests/cli/test_styled.py`` holds the two against each other).
The text is the same wherever it goes; only a terminal gets the styles.
"""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from unicodedata import category, east_asian_width

import click

from bifente.documents.visible import visible

Span = tuple[str, str]
"""A text and its style: words such as ``bold``, ``dim``, ``italic`` and a colour, or nothing."""
Spans = Sequence[Span]

QUIET = "dim"
_COLOURS = frozenset({"red", "green", "yellow", "magenta", "cyan"})
_WORD = re.compile(r"\s*\S+\s*")
_WIDEST_NAME = 48
_NARROWEST_TEXT = 8
_GAP = 2


def screen_width() -> int:
    """The columns of the terminal, of ``COLUMNS`` where it is set, 80 where nobody says."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    for number in range(3):
        try:
            columns = os.get_terminal_size(number).columns
        except OSError:
            continue
        if columns:
            return columns
    return 80


def print_spans(lines: Iterable[Spans]) -> None:
    """Print lines; nothing in them steers the terminal."""
    paint = _paint()
    for spans in lines:
        texts = [(visible(text), style) for text, style in spans]
        click.echo(
            "".join(paint(text, style) for text, style in texts) if paint else _plain(texts), color=True
        )


def _paint() -> Callable[[str, str], str] | None:
    """How to style a text for the standard output, None where it takes no styles."""
    environment = os.environ
    if environment.get("TERM") in ("dumb", "unknown"):
        return None
    if not (environment.get("FORCE_COLOR") or sys.stdout.isatty()):
        return None
    return _black_and_white if environment.get("NO_COLOR") else _painted


def _plain(spans: Spans) -> str:
    return "".join(text for text, _ in spans).rstrip()


def _painted(text: str, style: str) -> str:
    words = style.split()
    colour = next((word for word in words if word in _COLOURS), None)
    return _black_and_white(click.style(text, fg=colour, reset=_is_plain(words)) if colour else text, style)


def _black_and_white(text: str, style: str) -> str:
    words = style.split()
    if _is_plain(words):
        return text
    return click.style(
        text, bold="bold" in words or None, dim="dim" in words or None, italic="italic" in words or None
    )


def _is_plain(words: Sequence[str]) -> bool:
    """No word is more than a colour."""
    return _COLOURS.issuperset(words)


def cells(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(map(_cells_of, text))


def _cells_of(letter: str) -> int:
    if category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(letter) in "WF" else 1


def wrapped(spans: Spans, width: int) -> list[Spans]:
    """The lines of a text that is *width* columns wide at most: it breaks between words, and within those that are longer."""
    text = "".join(part for part, _ in spans)
    if cells(text) <= width:
        return [spans]
    breaks = list(_breaks(text, max(width, 2)))
    return [_cut(spans, start, end) for start, end in zip([0, *breaks], [*breaks, len(text)], strict=True)]


def cropped(spans: Spans, width: int) -> Spans:
    """One line of a text; an ellipsis says that it goes on."""
    text = "".join(part for part, _ in spans)
    if cells(text) <= width:
        return spans
    end = next(_folds(text, max(width - 1, 1)))
    return [*_cut(spans, 0, end), ("…", spans[-1][1])]


def _breaks(text: str, width: int) -> Iterator[int]:
    """Where lines begin, the first of them not told."""
    column = 0
    for word in _WORD.finditer(text):
        size = cells(word[0].rstrip())
        if size <= width - column:
            column += cells(word[0])
        elif size <= width:
            yield word.start()
            column = cells(word[0])
        else:
            begins = [word.start(), *(word.start() + fold for fold in _folds(word[0], width))]
            yield from begins if word.start() else begins[1:]
            column = cells(text[begins[-1] : word.end()])


def _folds(text: str, width: int) -> Iterator[int]:
    """Where a text is cut that is too long for a line."""
    column = 0
    for at, letter in enumerate(text):
        size = _cells_of(letter)
        if column + size > width:
            yield at
            column = 0
        column += size


def _cut(spans: Spans, start: int, end: int) -> list[Span]:
    """The part of a text from *start* to *end*, each piece in its style."""
    found = []
    at = 0
    for text, style in spans:
        piece = text[max(start - at, 0) : max(end - at, 0)]
        if piece:
            found.append((piece, style))
        at += len(text)
    return found


def table(rows: Sequence[tuple[str, str]], width: int) -> Iterator[Spans]:
    """Names in one column, what they are in the other."""
    names = [f"  {visible(name)}" for name, _ in rows]
    widest = max(map(cells, names), default=0)
    first = min(widest, _WIDEST_NAME, max(width - _GAP - _NARROWEST_TEXT, _NARROWEST_TEXT))
    for name, (_, text) in zip(names, rows, strict=True):
        shown = cropped([(name, QUIET)], first)
        taken = sum(cells(part) for part, _ in shown)
        for number, line in enumerate(wrapped([(visible(text), "")], width - first - _GAP)):
            if number:
                yield [(" " * (first + _GAP), ""), *line]
            else:
                yield [*shown, (" " * (first + _GAP - taken), ""), *line]
