"""What must not lie about in the repository."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
from housemodules import parsed_module

ROOT = Path(__file__).parents[2]

MOST_LINES = 500


def tracked() -> list[Path]:
    """The files of the repository: those git knows, or all but what make leaves when there is no git."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
            timeout=60,
        )
    except (OSError, subprocess.CalledProcessError):
        left = {".venv", "build", "dist", "_build", "__pycache__", ".git"}
        return [path for path in ROOT.rglob("*") if path.is_file() and not left & set(path.parts)]
    names = listed.stdout.decode().split("\0")
    return [path for name in names if name and (path := ROOT / name).is_file()]


FILES = tracked()
MODULES = [path for path in FILES if path.suffix == ".py"]

UNWANTED = {
    "a path of somebody's machine": re.compile(r"(?<![\w.])/(?:home|root|Users|farm|work)/\w"),
    "a package registry": re.compile(
        r"https?://(?:[\w-]+\.)*(?:pypi\.org|pythonhosted\.org|pypi\.python\.org)"
    ),
    "an unfinished thing": re.compile(r"\b(?:TODO|FIXME|XXX)\b(?!X)"),
    "a listener on every address": re.compile(r"0\.0\.0\.0|INADDR_ANY"),
}


@pytest.mark.parametrize("kind", UNWANTED)
def test_no_file_holds(kind: str) -> None:
    found = []
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        if path == Path(__file__):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{name}:{number}"
            for number, line in enumerate(text.split("\n"), 1)
            if UNWANTED[kind].search(line)
        ]
    assert found == []


def test_no_module_is_too_long() -> None:
    too_long = {}
    for path in MODULES:
        name = path.relative_to(ROOT).as_posix()
        lines = len(path.read_bytes().splitlines())
        if lines > MOST_LINES:
            too_long[name] = lines
    assert too_long == {}


def swallows(handler: ast.ExceptHandler) -> bool:
    """``except …: pass`` where the exception may be anything."""
    empty = all(isinstance(line, ast.Pass) for line in handler.body)
    anything = handler.type is None or ast.unparse(handler.type) in ("Exception", "BaseException")
    return empty and anything


def test_no_error_is_swallowed() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(parsed_module(path))
        if isinstance(node, ast.ExceptHandler) and swallows(node)
    ]
    assert found == []


def test_every_module_says_what_it_is() -> None:
    without = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if path.read_bytes().strip() and not ast.get_docstring(parsed_module(path))
    ]
    assert without == []


def test_a_type_error_is_ignored_only_by_name() -> None:
    bare = re.compile(r"#\s*type:\s*ignore(?!\[)")
    found = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if path != Path(__file__) and bare.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_the_papers_are_there() -> None:
    wanted = {
        "LICENSE",
        "README.md",
        "README.fr.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "constraints.txt",
        ".ci/run",
    }
    assert wanted <= {path.relative_to(ROOT).as_posix() for path in FILES}
    assert "MIT License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_dependency_is_pinned() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", pin) for pin in pins), pins
    assert len(pins) == len({pin.partition("==")[0].lower() for pin in pins})


def test_no_large_file() -> None:
    large = [str(path.relative_to(ROOT)) for path in FILES if path.stat().st_size > 512 * 1024]
    assert large == []


def test_links_between_the_papers_lead_somewhere() -> None:
    link = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
    broken = [
        f"{path.relative_to(ROOT)} → {target}"
        for path in FILES
        if path.suffix == ".md"
        for target in link.findall(path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert broken == []
