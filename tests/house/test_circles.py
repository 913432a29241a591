"""No module imports, by whatever way, one that imports it."""

import ast
from collections.abc import Iterable, Iterator, Mapping

from housemodules import HouseModule, house_modules

EXCEPTED: Mapping[tuple[str, str], str] = {
    ("bifente.reader.pyscard.bridge", "bifente.reader.pyscard.request"): (
        "takes the place of pyscard's own request when a program makes one, and waits at the readers of the bridge"
    ),
    ("bifente.workbench.doctor.checks", "bifente.workbench.doctor.clients"): (
        "one check of the list is a list of its own: those of other programs, made of the same values"
    ),
}
"""Imports inside a function that close a circle, each with its reason."""


def run_imports(tree: ast.AST) -> Iterator[str]:
    """What a module imports when it runs, late imports included; what only a type checker reads is left out."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from run_imports(ast.Module(node.orelse, []))
        else:
            yield from run_imports(node)


def arrows(modules: Iterable[HouseModule]) -> dict[str, set[str]]:
    """Module → the modules that it imports. A name out of a package is the package's, unless it is a module."""
    sources = {module.name: module.source for module in modules}
    found: dict[str, set[str]] = {name: set() for name in sources}
    for name, source in sources.items():
        for imported in run_imports(ast.parse(source)):
            target = imported if imported in sources else imported.rpartition(".")[0]
            if target in sources and target != name:
                found[name].add(target)
    return found


def circles(graph: Mapping[str, set[str]]) -> list[str]:
    """The modules that reach themselves."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        todo = [*graph[start]]
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += graph[name]
        return seen

    return sorted(name for name in graph if name in reached(name))


def test_no_module_reaches_itself() -> None:
    graph = arrows(house_modules())
    assert len(graph) > 100
    for source, target in EXCEPTED:
        assert target in graph[source], f"no exception is needed any more: {source}"
        graph[source].discard(target)
    assert circles(graph) == []


def test_circles_are_found_also_through_late_imports_and_other_modules() -> None:
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": set(), "e": {"a"}}
    assert circles(graph) == ["a", "b", "c"]
    source = """
from typing import TYPE_CHECKING
import bifente.x
if TYPE_CHECKING:
    from bifente.y import Y
else:
    from bifente.z import Z
def late():
    from bifente.v import W
"""
    assert [name for name in run_imports(ast.parse(source)) if name.startswith("bifente")] == [
        "bifente.x",
        "bifente.z.Z",
        "bifente.v.W",
    ]
