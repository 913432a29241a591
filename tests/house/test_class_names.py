"""One name, one thing: no public class name stands twice in the packages."""

import ast
from collections import defaultdict
from collections.abc import Iterable

from housemodules import ROOT, house_modules


def public_classes(source: str) -> list[str]:
    """The public classes that *source* defines at its top level, also under a condition there."""
    found = []
    bodies: list[list[ast.stmt]] = [ast.parse(source).body]
    while bodies:
        for node in bodies.pop():
            if isinstance(node, ast.ClassDef):
                found.append(node.name)
            elif isinstance(node, ast.If):
                bodies += [node.body, node.orelse]
            elif isinstance(node, ast.Try):
                bodies += [node.body, node.orelse, *(handler.body for handler in node.handlers)]
    return [name for name in found if not name.startswith("_")]


def occurring_twice(modules: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Each name that several of *modules* (name and source) give to a class, and which do."""
    places: dict[str, list[str]] = defaultdict(list)
    for module, source in modules:
        for name in set(public_classes(source)):
            places[name].append(module)
    return {name: where for name, where in places.items() if len(where) > 1}


def test_no_public_class_name_occurs_twice() -> None:
    modules = [(module.name, module.source) for module in house_modules()]
    modules += [(path.stem, path.read_text("utf-8")) for path in (ROOT / "benchmarks").rglob("*.py")]
    assert len(modules) > 100
    assert occurring_twice(modules) == {}


def test_a_name_that_occurs_twice_is_found_with_its_places() -> None:
    modules = [
        ("a.py", "class Rule: ...\nclass _Rule: ..."),
        ("b.py", "try:\n    import x\nexcept ImportError:\n    class Rule: ...\nclass Other: ..."),
        ("c.py", "if True:\n    class _Rule: ...\ndef f():\n    class Other: ..."),
    ]
    assert occurring_twice(modules) == {"Rule": ["a.py", "b.py"]}
