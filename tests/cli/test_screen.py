"""The screen: its width, its end, and what a card may not do to it."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from issued import records

from bifente.applets.store.stores import create_card_file
from bifente.cli.screen import Screen
from bifente.cli.visible import visible

PROGRAM = Path(sys.executable).with_name("bifente")


def test_control_characters_are_written_out() -> None:
    assert visible("É\x1b[31m\n\x9b0m\x7f") == "É\\x1b[31m\\x0a\\x9b0m\\x7f"


def test_a_text_with_control_characters_does_not_steer_the_screen() -> None:
    screen = Screen(file=io.StringIO(), width=40)
    screen.print("one\x1b]0;title\x07", "two\nthree", sep="\n")
    assert isinstance(screen.file, io.StringIO)
    assert screen.file.getvalue() == "one\\x1b]0;title\ntwo\nthree\n"


@pytest.mark.parametrize("columns", ["0", "00", ""])
def test_no_columns_is_no_width(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert Screen(file=io.StringIO()).width > 0


def test_a_width_that_is_told_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    assert Screen(file=io.StringIO()).width == 50


@pytest.mark.parametrize(
    "arguments",
    [["card", "show", "{card}"], ["card", "profiles"], ["--help"], ["--version"], ["card", "--help"]],
)
def test_a_reader_that_is_gone_is_141_whoever_prints(arguments: list[str], tmp_path: Path) -> None:
    card = tmp_path / "x.card"
    create_card_file(card, records("t1test"))
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [PROGRAM, *(one.format(card=card) for one in arguments)],
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(os.name != "posix", reason="descriptors are those of POSIX")
@pytest.mark.parametrize("arguments", [["card", "show", "{card}"], ["card", "profiles"], ["--version"]])
def test_a_closed_output_is_like_dev_null(arguments: list[str], tmp_path: Path) -> None:
    card = tmp_path / "x.card"
    create_card_file(card, records("t1test"))
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", PROGRAM, *(one.format(card=card) for one in arguments)],
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_nobody_reads_an_error() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run([PROGRAM, "card", "show", "none.card"], stderr=write, timeout=60, check=False)
    finally:
        os.close(write)
    assert done.returncode == 4
