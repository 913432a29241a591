"""What we print without rich reads as rich would print it: the same breaks, columns and guides; styles for terminals only."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bifente.cli import styled

TEXTS = st.text(st.sampled_from("aé œ’‹›1234567890 -,:  …NOM日本"), max_size=60).map(str.strip)
SPANS = st.lists(st.tuples(TEXTS, st.sampled_from(["", "bold", "dim", "bold red"])), min_size=1, max_size=4)


def by_rich(renderable: object, width: int) -> list[str]:
    """The lines that rich prints, without the spaces at their ends."""
    console = Console(file=io.StringIO(), width=width, highlight=False, emoji=False, markup=False)
    console.print(renderable)
    return [line.rstrip() for line in console.file.getvalue().removesuffix("\n").split("\n")]


def ours(lines) -> list[str]:
    return ["".join(text for text, _ in spans).rstrip() for spans in lines]


@given(SPANS, st.integers(6, 70))
def test_a_text_breaks_where_rich_breaks_it(spans, width):
    assert ours(styled.wrapped(spans, width)) == by_rich(Text.assemble(*spans), width)


@given(SPANS, st.integers(6, 70))
def test_a_long_line_is_cropped_to_its_width(spans, width):
    text = "".join(text for text, _ in spans)
    [line] = ours([styled.cropped(spans, width)])
    assert styled.cells(line) <= width
    assert line == text.rstrip() if styled.cells(text) <= width else line.endswith("…")


ROWS = st.lists(st.tuples(st.text("abcé. ", max_size=50).map(str.strip), TEXTS), min_size=1, max_size=5)


@given(ROWS, st.integers(60, 100))
def test_a_table_has_the_columns_that_rich_gives_it(rows, width):
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, max_width=48)
    table.add_column(overflow="fold")
    for name, text in rows:
        table.add_row(Text(f"  {name}"), Text(text))
    assert ours(styled.table(rows, width)) == by_rich(table, width)


@given(ROWS, st.integers(1, 60))
def test_no_screen_is_so_narrow_that_a_text_is_lost(rows, width):
    shown = "".join("".join(text for text, style in line if not style) for line in styled.table(rows, width))
    assert re.sub(r"\s", "", shown) == re.sub(r"\s", "", "".join(text for _, text in rows))


def test_only_a_terminal_gets_styles(capsys, monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    lines = [[("EF.DIR", "cyan"), ("  lost", "bold red"), (" 2F00", "")]]
    styled.print_spans(lines)
    assert capsys.readouterr().out == "EF.DIR  lost 2F00\n"
    monkeypatch.setenv("FORCE_COLOR", "1")
    styled.print_spans(lines)
    assert capsys.readouterr().out == "\x1b[36mEF.DIR\x1b[0m\x1b[1m\x1b[31m  lost\x1b[0m 2F00\n"
    monkeypatch.setenv("NO_COLOR", "1")
    styled.print_spans(lines)
    assert capsys.readouterr().out == "EF.DIR\x1b[1m  lost\x1b[0m 2F00\n"
    monkeypatch.setenv("TERM", "dumb")
    styled.print_spans(lines)
    assert capsys.readouterr().out == "EF.DIR  lost 2F00\n"


def test_nothing_printed_steers_the_terminal(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    styled.print_spans([[("\x1b[2J\n\x9b", "")]])
    assert capsys.readouterr().out == "\\x1b[2J\\x0a\\x9b\n"


@pytest.mark.parametrize(("columns", "width"), [("132", 132), ("0", 80), ("", 80), ("wide", 80)])
def test_how_wide_a_screen_is(columns, width, monkeypatch):
    def no_terminal(number):
        raise OSError

    monkeypatch.setattr("os.get_terminal_size", no_terminal)
    monkeypatch.setenv("COLUMNS", columns)
    assert styled.screen_width() == width
