"""What a program runs through: the calls of our own functions, recorded while they happen.

A figure that is drawn from them cannot differ from the code: whoever moves a step, moves it in the figure.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of ours: where it stands, and what it says that it does."""

    path: str
    """Its file below the root, e.g. ``applets/kernel/card.py``."""
    name: str
    """With its class, e.g. ``SmartCard.transmit``."""
    summary: str
    """The first sentence of its docstring, or of its class's when it has none; empty without either."""

    is_property: bool = False
    """It is read like a value: nobody calls it a step."""

    @property
    def folder(self) -> str:
        """The folder of its file."""
        return self.path.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the function, its place in the recording, and the call inside of which it happened."""

    function: Function
    index: int
    caller: int | None
    arguments: dict[str, object]


@contextmanager
def recorded(into: list[Call], root: Path = ROOT) -> Iterator[None]:
    """Record in *into* every call of a function whose file lies below *root*, of this thread."""
    known: dict[FrameType, int] = {}

    def note(frame: FrameType, event: str, _: object) -> None:
        if event != "call":
            return
        function = function_of(frame.f_code.co_filename, frame.f_code.co_firstlineno, root)
        if function is None:
            return
        caller, outer = None, frame.f_back
        while outer is not None and caller is None:
            caller, outer = known.get(outer), outer.f_back
        known[frame] = len(into)
        into.append(Call(function, len(into), caller, dict(frame.f_locals)))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(before)


@cache
def function_of(file: str, line: int, root: Path = ROOT) -> Function | None:
    """The function of *root* that begins in that line; None for a class body, a lambda or a comprehension."""
    path = Path(file)
    if not path.is_relative_to(root) or ".venv" in path.parts:
        return None
    return _functions(path, root).get(line)


@cache
def _functions(path: Path, root: Path) -> dict[int, Function]:
    """First line of each function of a module, that of its decorators → the function."""
    where = path.relative_to(root).as_posix()
    return dict(_defined(ast.parse(path.read_text(encoding="utf-8")), where, "", ""))


def _defined(node: ast.AST, path: str, prefix: str, of_class: str) -> Iterator[tuple[int, Function]]:
    for child in ast.iter_child_nodes(node):
        inside, told = prefix, of_class
        if isinstance(child, ast.ClassDef):
            inside, told = f"{prefix}{child.name}.", ast.get_docstring(child) or ""
        elif isinstance(child, ast.FunctionDef):
            line = min([child.lineno, *(one.lineno for one in child.decorator_list)])
            summary = _summary(ast.get_docstring(child) or of_class)
            read = any(isinstance(one, ast.Name) and one.id == "property" for one in child.decorator_list)
            yield line, Function(path, prefix + child.name, summary, read)
            told = ""
        yield from _defined(child, path, inside, told)


def _summary(docstring: str) -> str:
    """The first sentence, in one line and without markup."""
    paragraph = " ".join(docstring.partition("\n\n")[0].split())
    sentence, stop, _ = paragraph.partition(". ")
    return re.sub(r":\w+:`~?([^`]*)`|`|\*", r"\1", sentence + stop.strip())


def stations(
    calls: list[Call], shown: Callable[[Function], bool], closed: Callable[[Function], bool]
) -> list[Call]:
    """The calls worth a place in a figure, each with the nearest caller that has one too.

    Of a function that is *closed* only the call itself is kept, and nothing that happens inside of it.
    """
    kept: dict[int, Call] = {}
    nearest: dict[int, int | None] = {}
    silent: set[int] = set()
    for call in calls:
        outer = call.caller
        above = None if outer is None else (outer if outer in kept else nearest[outer])
        nearest[call.index] = above
        if outer in silent:
            silent.add(call.index)
            continue
        if closed(call.function):
            silent.add(call.index)
        if shown(call.function):
            kept[call.index] = Call(call.function, call.index, above, call.arguments)
    return list(kept.values())
