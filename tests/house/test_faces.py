"""The workbench has no face, and the faces hold no rules: who imports what, room by room."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from importnames import imported_names

ROOT = Path(__file__).parents[2]

FACES = (
    "click",
    "rich",
    "html",
    "jinja2",
    "starlette",
    "uvicorn",
    "bifente.cli",
    "bifente.testing",
    "bifente.web",
    "bifente.traces.page",
    "bifente.traces.pagestyle",
    "bifente.conformance.reports.html",
    "bifente.conformance.reports.pagestyle",
)
"""What makes a screen or a page."""

COMMAND_LINE_ASKS = (
    "bifente.__version__",
    "bifente.slotted",
    "bifente.cli",
    "bifente.web",  # the other face, which a command starts
    "bifente.workbench",
    "bifente.documents",
    # what is said, and what stands where: in words
    "bifente.apdu",
    "bifente.layouts",
    "bifente.ssv",
    "bifente.traces",
    # cards as values to print
    "bifente.applets.open_card",
    "bifente.applets.read_card",
    "bifente.applets.perso.PersoError",
    "bifente.applets.perso.ProfileError",
    "bifente.applets.perso.read_profile",
    "bifente.applets.perso.edit.compare",
    "bifente.applets.perso.edit.dump",
    "bifente.applets.families.vitale2.exporter",
    "bifente.applets.perso.profile.shipped",
    "bifente.applets.perso.edit.view",
    # reports, sheets and authorities to print
    "bifente.conformance.engine",
    "bifente.conformance.reports.html",
    "bifente.conformance.reports.junit",
    "bifente.conformance.model",
    "bifente.fse.sheet.canonical",
    "bifente.fse.sheet.signer",
    "bifente.igc.Authority",
    # an empty reader, who types at its PIN pad, and the one way to name one
    "bifente.reader.TwoSlotReader",
    "bifente.reader.CPS_SLOT",
    "bifente.reader.VITALE_SLOT",
    "bifente.reader.choose",
    "bifente.reader.pinpad",
)
"""All that the command line may import when it runs: no card's kernel, no socket, no terminal, no signature."""

PAGES_ASK = ("bifente.web", "bifente.workbench", "bifente.documents")
"""All that the web pages may import when they run."""

MOST_MODULES = 15
"""In a folder of the command line or of the workbench; what is more wants a room of its own."""


def within(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


class NoTypes(ast.NodeTransformer):
    """Without ``if TYPE_CHECKING:``: a face names the types of what it prints."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        return None if ast.unparse(node.test) == "TYPE_CHECKING" else self.generic_visit(node)


def imports_when_run(source: str) -> list[tuple[int, str]]:
    return list(imported_names(NoTypes().visit(ast.parse(source))))


def faces_in(source: str) -> list[str]:
    return [f"{line}: {name}" for line, name in imported_names(ast.parse(source)) if within(name, FACES)]


def rules_in(source: str, asks: tuple[str, ...] = COMMAND_LINE_ASKS) -> list[str]:
    return [
        f"{line}: {name}"
        for line, name in imports_when_run(source)
        if within(name, ("bifente",)) and not within(name, asks)
    ]


@pytest.mark.parametrize("path", sorted((ROOT / "workbench").rglob("*.py")), ids=lambda path: path.stem)
def test_the_workbench_has_no_face(path: Path) -> None:
    assert faces_in(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", sorted((ROOT / "cli").rglob("*.py")), ids=lambda path: path.stem)
def test_the_command_line_holds_no_rules(path: Path) -> None:
    assert rules_in(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", sorted((ROOT / "web").rglob("*.py")), ids=lambda path: path.stem)
def test_the_pages_hold_no_rules(path: Path) -> None:
    assert rules_in(path.read_text(encoding="utf-8"), PAGES_ASK) == []


@pytest.mark.parametrize(
    "source",
    [
        "import click",
        "def late():\n    from rich.table import Table\n",
        "from bifente.conformance.reports.html import page",
        "from bifente.traces import page",
        "from html import escape",
    ],
)
def test_a_face_on_the_workbench_is_caught(source: str) -> None:
    assert len(faces_in(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from bifente.applets.store.stores import SqliteStore",
        "def late():\n    from bifente.reader.pcsclite import PcscServer\n",
        "from bifente.terminal import CpsSession",
        "from bifente.applets.perso import change",
        "from bifente.igc import Gamme",
    ],
)
def test_a_rule_in_the_command_line_is_caught(source: str) -> None:
    assert len(rules_in(source)) == 1


def test_a_type_of_what_is_printed_may_be_named() -> None:
    assert (
        rules_in("if TYPE_CHECKING:\n    from bifente.terminal import PinStatus\nfrom bifente import apdu\n")
        == []
    )


def test_the_workbench_itself_imports_nothing() -> None:
    program = "import sys, bifente.workbench\nprint(*sorted(name for name in sys.modules if name.startswith('bifente')))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.split() == ["bifente", "bifente.workbench"]


@pytest.mark.parametrize("room", ["cli", "workbench"])
def test_no_folder_is_a_heap(room: str) -> None:
    folders = {path.parent for path in (ROOT / room).rglob("*.py")}
    heaps = {
        folder.relative_to(ROOT).as_posix(): count
        for folder in folders
        if (count := len([path for path in folder.glob("*.py") if path.name != "__init__.py"])) > MOST_MODULES
    }
    assert heaps == {}


KIND = re.compile(
    r"""\bkind(?:: str)? = "([a-z]+(?:[.-][a-z-]+)*)"|Error\(.*?"([a-z]+(?:-[a-z]+)*(?:\.[a-z-]+)*)"[,)]"""
)
"""Where a kind of error is written: in its class, or where it is raised."""

FOLDERS = (
    "workbench",
    "fse",
    "igc",
    "mail",
    "sesam",
    "web",
    "crypto",
    "terminal",
    "reader",
    "applets",
    "documents",
    "traces",
)


def test_every_kind_of_error_has_an_exit_code() -> None:
    from bifente.cli.errors import EXIT_CODES

    unknown = {
        (path.relative_to(ROOT).as_posix(), kind)
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        for found in KIND.finditer(path.read_text(encoding="utf-8"))
        for kind in [found[1] or found[2]]
        if kind.partition(".")[0] not in EXIT_CODES and ("." in kind or "-" in kind)
    }
    assert unknown == set()
