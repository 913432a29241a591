"""Documents come in and go out through ``documents/``: no other module reads, parses or writes them by hand.

What a module does by hand all the same stands in :data:`EXCEPTIONS` with its reason; an exception that nobody needs any
more fails too.
"""

import ast
import configparser
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

METHODS = frozenset({"read_text", "read_bytes", "write_text", "write_bytes"})
"""Methods of a path that take or make a whole file."""

CALLS = {
    "open": "open",
    "io.open": "open",
    "io.FileIO": "open",
    "os.open": "open",
    "os.fdopen": "open",
    "os.rename": "rename",
    "os.replace": "rename",
    "shutil.copyfile": "copy",
    "shutil.copy": "copy",
    "json.load": "json",
    "json.loads": "json",
    "json.JSONDecoder": "json",
    "tempfile.TemporaryFile": "draft",
    "tempfile.NamedTemporaryFile": "draft",
    "tempfile.SpooledTemporaryFile": "draft",
    "tempfile.mkstemp": "draft",
}
"""Functions by which a document would be read or written, and what they count as."""

EXCEPTIONS: dict[str, dict[str, str]] = {
    "applets/store/cardfile.py": {
        "open": "a card is SQLite's file: created exclusively, looked at while no connection of ours is on it",
        "copy": "SQLite's file and its journal, compared before and after",
    },
    "applets/store/lock.py": {
        "open": "the lock of a card: opened without following links, held, and removed"
    },
    "applets/kernel/recordjson.py": {
        "json": "records of a card, on the way of each command; read with the same refusals, as CorruptCard"
    },
    "applets/perso/profile/shipped.py": {"read_text": "profiles of the package itself"},
    "cli/main.py": {"open": "the null device in the place of a stream that is closed"},
    "cli/errors.py": {"open": "the null device in the place of a stream that is closed"},
    "cli/reader/pinentry.py": {"open": "the terminal"},
    "conformance/script.py": {"read_text": "scripts of the package itself"},
    "fse/cabinet/sendinglock.py": {"open": "a lock, which is held and never read"},
    "fse/sheet/canonical.py": {"json": "a signed sheet: refused unless written again it has the same bytes"},
    "fse/tariff/tables.py": {"read_text": "the tables of the package itself"},
    "igc/storage.py": {
        "open": "a folder of private files: each is written and synced",
        "rename": "that folder takes its name when all of them are there",
    },
    "reader/pcsclite/ownsocket.py": {"open": "the lock of a socket's place"},
    "reader/vpcd/tcptable.py": {"read_text": "the table of sockets in /proc"},
    "sesam/server.py": {"read_text": "the name of a process in /proc"},
    "traces/model.py": {"json": "a line of a trace, of bounded length: millions of them are read"},
    "workbench/cards/kinds.py": {"open": "the first bytes of a regular file, only to say that it is a card"},
    "workbench/doctor/checks.py": {"read_text": "the names of processes in /proc"},
    "workbench/sesam/building.py": {
        "read_bytes": "sources of the package itself",
        "rename": "a library that the compiler has made takes its name when it is whole",
    },
    "workbench/served/control.py": {
        "json": "a question is one bounded line; a member that no file can be named by is refused by its name"
    },
    "workbench/served/running.py": {"open": "the terminal", "read_text": "our children in /proc"},
}
"""Module → what it does by hand → why."""


def by_hand(source: str) -> Iterator[tuple[str, int]]:
    """(what, line) of whatever *source* reads, parses or writes by hand."""
    tree = ast.parse(source)
    aliases = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in ("os", "io", "json", "shutil", "tempfile")
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = (
                [node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names]
            )
            if "yaml" in {name.partition(".")[0] for name in names}:
                yield "yaml", node.lineno
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = ast.unparse(function)
        if (found := CALLS.get(aliases.get(name, name))) is not None:
            yield found, node.lineno
        elif isinstance(function, ast.Attribute) and function.attr in METHODS:
            yield function.attr, node.lineno
        elif isinstance(function, ast.Attribute) and function.attr == "open" and opens_a_file(node):
            yield "open", node.lineno


def opens_a_file(call: ast.Call) -> bool:
    """``path.open("rb")``: a mode tells it from the other things that can be opened."""
    modes = [*call.args[:1], *(one.value for one in call.keywords if one.arg in ("mode", "buffering"))]
    return any(isinstance(mode, ast.Constant) and isinstance(mode.value, str | int) for mode in modes)


def modules() -> list[str]:
    """All modules of the mapped folders but those of ``documents/`` itself."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    pairs = (line.split("=") for line in config["options"]["package_dir"].strip().splitlines())
    folders = sorted({folder.strip() for _, folder in pairs} - {"documents"})
    return [
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]


def test_no_module_reads_or_writes_documents_by_hand() -> None:
    found = {
        f"{name}:{line}: {what}"
        for name in modules()
        for what, line in by_hand((ROOT / name).read_text(encoding="utf-8"))
        if what not in EXCEPTIONS.get(name, {})
    }
    assert found == set()


def test_each_exception_is_needed() -> None:
    needed = {
        (name, what) for name in EXCEPTIONS for what, _ in by_hand((ROOT / name).read_text(encoding="utf-8"))
    }
    assert {(name, what) for name, kinds in EXCEPTIONS.items() for what in kinds} <= needed


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import yaml", "yaml"),
        ("from yaml import safe_load", "yaml"),
        ("import json\njson.loads(text)", "json"),
        ("from json import load\nload(stream)", "json"),
        ("open('x')", "open"),
        ("from pathlib import Path\nPath('x').open('rb')", "open"),
        ("path.open(buffering=0)", "open"),
        ("path.read_bytes()", "read_bytes"),
        ("path.write_text('x')", "write_text"),
        ("import os\nos.replace(a, b)", "rename"),
        ("from tempfile import NamedTemporaryFile\nNamedTemporaryFile()", "draft"),
    ],
)
def test_what_is_done_by_hand_is_seen(source: str, what: str) -> None:
    assert [found for found, _ in by_hand(source)] == [what]


@pytest.mark.parametrize(
    "source",
    [
        "from bifente.documents import read_bytes\nread_bytes(path, 100)",
        "store.open()",
        "Authority.open(folder)",
        "inserted.open(self, exclusive=True)",
        "import json\njson.dumps(value)",
        "text.replace('a', 'b')",
    ],
)
def test_other_calls_are_left_alone(source: str) -> None:
    assert list(by_hand(source)) == []
