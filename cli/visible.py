"""The one edge to a terminal: whatever a command prints goes through here, and nothing of it can steer the terminal.

Names of readers, files and people come from strangers (cards, traces, networks). No command calls ``click.echo`` itself;
tables of rich pass ``bifente.cli.screen``, which asks the same function.
"""

import json
import logging
import re
import sys

import click

from bifente.documents.visible import visible

__all__ = ["log_visibly", "say", "say_json", "say_text", "visible"]

_NOT_ASCII = re.compile(r"[^\n -~]")


def say(line: str = "", *, err: bool = False) -> None:
    """Print one line: a line end within it is written out like any other control character."""
    click.echo(visible(line), err=err)


def say_text(text: str, *, err: bool = False) -> None:
    """Print a text of several lines that we have laid out ourselves: YAML, tracebacks."""
    for line in text.removesuffix("\n").split("\n"):
        say(line, err=err)


def say_json(value: object, *, err: bool = False, indent: int | None = 2) -> None:
    """Print JSON: letters as they are where the stream can write them, whatever is not to be seen as ``\\u009b``."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    encoding = getattr(sys.stderr if err else sys.stdout, "encoding", None) or "utf-8"
    click.echo(_NOT_ASCII.sub(lambda found: _as_json(found[0], encoding), text), err=err)


def _as_json(letter: str, encoding: str) -> str:
    try:
        letter.encode(encoding)
        return letter if visible(letter) == letter else json.dumps(letter)[1:-1]
    except UnicodeEncodeError:
        return json.dumps(letter)[1:-1]


def log_visibly() -> None:
    """What the packages log goes to stderr, a line at a time, as what a command prints."""
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    handler.setFormatter(_Visible())
    logging.lastResort = handler


class _Visible(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(visible, super().format(record).split("\n")))
