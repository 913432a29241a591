"""``python benchmarks [--json] [--strict] [NAME…]``: run the benchmarks of this folder.

A benchmark is a module ``bench_<name>.py`` with a function ``results() -> Iterable[Result]``, here or in one of the
rooms: ``incard/`` measures a card alone, ``inreader/`` the ways to it, ``indirectory/`` the annuaire.
The folder is run, not imported as a package: bifente is the installed one, never a bare folder of the repository.
"""

import argparse
import importlib
import json
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

import frame
from frame import Result, judged, table

FOLDER = Path(__file__).parent
sys.path += [str(FOLDER / room) for room in ("incard", "inreader", "indirectory")]


def names() -> list[str]:
    """The benchmarks there are."""
    return sorted(path.stem.removeprefix("bench_") for path in FOLDER.rglob("bench_*.py"))


def run(chosen: list[str], seen: list[Result]) -> Iterator[Result]:
    """The results of the chosen benchmarks, as they come; *seen* collects them."""
    for name in chosen:
        for result in judged(importlib.import_module(f"bench_{name}").results):
            seen.append(result)
            yield result


def main() -> int:
    """Print the table; 1 when --strict and a limit was missed."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one of: {', '.join(names()) or 'none yet'}"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a limit is missed")
    parser.add_argument("--quick", action="store_true", help="one round each: does it run, not how fast")
    options = parser.parse_args()
    frame.quick = options.quick
    unknown = set(options.names) - set(names())
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(names())}")
    chosen = options.names or names()
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    seen: list[Result] = []
    if options.json:
        for _ in run(chosen, seen):
            pass
        print(json.dumps({"machine": machine, "results": [one.as_dict() for one in seen]}, indent=2))
    else:
        print(machine)
        for line in table(run(chosen, seen)):
            print(line, flush=True)
    return int(options.strict and any(one.kept is False for one in seen))


if __name__ == "__main__":
    sys.exit(main())
