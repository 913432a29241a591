"""A page of ``docs/recipes``, read and followed: its files written, its lines changed, its commands typed."""

import doctest
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "docs" / "recipes"

_FENCE = re.compile(
    r'^```\{code-block\} (\w+)\n(?::caption: "`([^\n]+)`"\n)?\n?(.*?)^```$', re.MULTILINE | re.DOTALL
)
_ANYTHING = doctest.ELLIPSIS
_UNCHANGED, _REMOVED, _ADDED = " ", "-", "+"


@dataclass(frozen=True, slots=True)
class Step:
    """One block of a page."""

    language: str
    path: str
    content: str


def steps(name: str) -> list[Step]:
    """The blocks of a recipe, in their order."""
    text = (RECIPES / name).read_text(encoding="utf-8")
    return [Step(language, path, content) for language, path, content in _FENCE.findall(text)]


@dataclass(frozen=True, slots=True)
class Change:
    """What following a recipe did to the sources."""

    new: tuple[str, ...]
    """Files that were not there."""
    added: Mapping[str, int]
    """Changed file → how many lines were added to it, those that replace others included."""


class Copy:
    """The sources once more, in *folder*, imported as ``bifente`` by what is started there."""

    def __init__(self, folder: Path, packages: Mapping[str, str]) -> None:
        self.sources, self.desk = folder / "sources", folder / "desk"
        self.folders = dict(packages)
        self.desk.mkdir(parents=True)
        for name, source in packages.items():
            skipped = shutil.ignore_patterns("corpus") if source == "traces" else None
            target = self.sources / Path(*name.split("."))
            shutil.copytree(ROOT / source, target, ignore=skipped, dirs_exist_ok=True)
        command = folder / "bin" / "bifente"
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bifente "$@"\n', encoding="utf-8")
        command.chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.sources),
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_RUNTIME_DIR": str(folder),
            "COLUMNS": "100",
        }

    def follow(self, recipe: list[Step]) -> Change:
        """Do what the blocks say. AssertionError where a line is not found, or a command prints something else."""
        new: list[str] = []
        added: dict[str, int] = {}
        for step in recipe:
            if step.language == "console":
                self._type(step.content)
            elif step.language == "diff":
                added[step.path] = added.get(step.path, 0) + self._change(step)
            elif "/" in step.path:
                self._write(step)
                new.append(step.path)
            else:
                (self.desk / step.path).write_text(step.content, encoding="utf-8")
        return Change(tuple(new), added)

    def place(self, path: str) -> Path:
        """Where the copy has a file of the repository."""
        folder, _, rest = path.partition("/")
        names = {source: name for name, source in self.folders.items()}
        return self.sources / Path(*names[folder].split(".")) / rest

    def _write(self, step: Step) -> None:
        path = self.place(step.path)
        assert not path.exists(), f"{step.path} is there already"
        path.parent.mkdir(exist_ok=True)
        path.write_text(step.content, encoding="utf-8")

    def _change(self, step: Step) -> int:
        path = self.place(step.path)
        lines = step.content.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in (_UNCHANGED, _REMOVED))
        after = "".join(line[1:] for line in lines if line[0] in (_UNCHANGED, _ADDED))
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{step.path} has these lines {text.count(before)} times:\n{before}"
        path.write_text(text.replace(before, after), encoding="utf-8")
        return sum(line[0] == _ADDED for line in lines)

    def _type(self, dialogue: str) -> None:
        for command, expected in _commands(dialogue):
            done = subprocess.run(
                ["sh", "-c", f"exec 2>&1; {command}"],
                cwd=self.desk,
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            matches = doctest.OutputChecker().check_output(expected, done.stdout, _ANYTHING)
            assert matches, f"$ {command}\n{done.stdout}\n--- the page says ---\n{expected}"


def _commands(dialogue: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block, with what the page says that it prints."""
    for part in re.split(r"^\$ ", dialogue, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield command, expected
