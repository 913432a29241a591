"""The modules of the packages, as the folders hold them."""

import ast
import configparser
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class HouseModule:
    name: str
    """Dotted, as it is imported; a package's is that of its ``__init__``."""
    path: Path
    source: str


@cache
def parsed_module(path: Path) -> ast.Module:
    """What a module says, parsed once for all tests of a process; nobody changes it."""
    return ast.parse(path.read_text(encoding="utf-8"))


def house_modules() -> Iterator[HouseModule]:
    """Every module of every folder that ``setup.cfg`` maps."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    for line in config["options"]["package_dir"].strip().splitlines():
        package, folder = (part.strip() for part in line.split("="))
        for path in sorted((ROOT / folder).rglob("*.py")):
            inner = path.relative_to(ROOT / folder).with_suffix("").parts
            parts = (package, *inner) if inner[-1] != "__init__" else (package, *inner[:-1])
            yield HouseModule(".".join(parts), path, path.read_text(encoding="utf-8"))
