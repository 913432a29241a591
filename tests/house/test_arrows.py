"""Who may import whom: the table of ``docs/architecture.md``, held against the imports of every module."""

import ast
import configparser
from collections.abc import Sequence
from pathlib import Path

import pytest
from housemodules import parsed_module
from importnames import imported_names

import bifente

ROOT = Path(__file__).parents[2]

MAY_IMPORT: dict[str, frozenset[str]] = {
    "apdu": frozenset(),
    "codes": frozenset(),
    "crypto": frozenset(),
    "documents": frozenset(),
    "ssv": frozenset({"codes", "documents"}),
    "layouts": frozenset({"apdu", "codes", "ssv"}),
    "applets": frozenset({"apdu", "codes", "crypto", "documents", "layouts", "ssv"}),
    "reader": frozenset({"apdu", "documents"}),
    "terminal": frozenset({"apdu", "codes", "crypto", "layouts", "ssv"}),
    "traces": frozenset({"apdu", "documents", "layouts"}),
    "conformance": frozenset({"apdu", "documents", "layouts", "terminal", "reader", "traces"}),
    "igc": frozenset({"apdu", "codes", "crypto", "documents"}),
    "fse": frozenset({"apdu", "codes", "crypto", "documents", "layouts", "terminal", "igc", "ssv"}),
    "mail": frozenset({"apdu", "codes", "crypto", "documents", "layouts", "terminal", "igc"}),
    "sesam": frozenset({"apdu", "codes", "crypto", "documents", "layouts", "ssv", "terminal", "igc", "fse"}),
}
"""The folders that cards, readers and care sheets are made of. A folder always may import itself."""

FACES = frozenset({"cli", "testing", "web"})
"""The command line, the pytest plugin and the web pages: they may import everything, and hold no rules (``test_faces.py``)."""

EVERYTHING = FACES | {"workbench", "bifente"}
"""The only places where all of them are wired together. The workbench knows no face; neither does ``bifente`` itself,
which gives the names that a program begins with."""


ENTRANCE = frozenset(bifente.__all__) - {"__version__"}
"""What ``bifente`` itself gives: the way around every wall, were it open to us."""


def mapped_folders() -> dict[str, str]:
    """Import name → folder, as ``setup.cfg`` maps them."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    pairs = (line.split("=") for line in config["options"]["package_dir"].strip().splitlines())
    return {name.strip(): folder.strip() for name, folder in pairs}


def forbidden(folder: str, source: str) -> list[str]:
    """What *source*, a module of *folder*, imports and must not."""
    everything = MAY_IMPORT.keys() | EVERYTHING
    if folder in EVERYTHING:
        allowed = everything if folder in FACES else everything - FACES
    else:
        allowed = MAY_IMPORT[folder] | {folder}
    found = []
    for line, name in imported_names(ast.parse(source)):
        first, _, rest = name.partition(".")
        target = rest.partition(".")[0]
        if not first:
            found.append(f"{line}: relative import {name}")
        elif first in everything - {"bifente"}:
            found.append(f"{line}: bare import {name}, write bifente.{name}")
        elif first == "bifente" and target in ENTRANCE and folder != "bifente":
            found.append(f"{line}: {name} is for programs of others, import it from where it stands")
        elif first == "bifente" and target in everything and target not in allowed:
            found.append(f"{line}: {folder} → {target} ({name})")
    return found


@pytest.mark.parametrize("folder", sorted(set(mapped_folders().values())))
def test_no_module_imports_what_its_folder_may_not(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{complaint}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for complaint in forbidden(folder, path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_every_mapped_folder_is_in_the_table_and_every_package_is_mapped() -> None:
    mapped = mapped_folders()
    assert set(mapped.values()) <= MAY_IMPORT.keys() | EVERYTHING
    assert all(
        name == ("bifente" if folder == "bifente" else f"bifente.{folder}") for name, folder in mapped.items()
    )
    others = {"tests", "benchmarks", "docs"}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - others
    assert packages == set(mapped.values())


def test_what_every_folder_may_use_of_bifente_itself_uses_nothing_of_ours() -> None:
    for path in (ROOT / "bifente").glob("*.py"):
        if path.name != "__init__.py":
            names = [name for _, name in imported_names(parsed_module(path))]
            used = {name.partition(".")[0] for name in names}
            assert path.name == "__main__.py" or not used & {"bifente"}, path


def test_the_care_sheet_knows_neither_cards_nor_readers_and_these_not_each_other() -> None:
    assert not MAY_IMPORT["fse"] & {"applets", "reader"}
    assert "reader" not in MAY_IMPORT["applets"]
    assert "applets" not in MAY_IMPORT["reader"]


READER_ROOMS = {
    "wrappers": frozenset[str](),
    "slots": frozenset({"wrappers"}),
    "pyscard": frozenset({"slots"}),
    "pcsclite": frozenset({"slots"}),
    "vpcd": frozenset({"slots"}),
}
"""The rooms of the reader, and which others each stands on: the ways to a slot do not know one another."""


@pytest.mark.parametrize("room", sorted(READER_ROOMS))
def test_the_rooms_of_the_reader_stand_on_one_another_without_a_circle(room: str) -> None:
    assert {path.parent.name for path in (ROOT / "reader").glob("*/__init__.py")} == READER_ROOMS.keys()
    used = {
        name.split(".")[2]
        for path in (ROOT / "reader" / room).glob("*.py")
        for _, name in imported_names(parsed_module(path))
        if name.startswith("bifente.reader.")
    }
    assert used & READER_ROOMS.keys() <= READER_ROOMS[room] | {room}


APPLET_ROOMS: dict[str, frozenset[str]] = {
    "store": frozenset(),
    "kernel": frozenset({"store"}),
    "commands": frozenset({"kernel"}),
    "perso": frozenset({"kernel"}),
    "perso.profile": frozenset({"perso", "kernel"}),
    "families": frozenset({"commands", "kernel", "perso", "perso.profile"}),
    "perso.make": frozenset({"families", "kernel", "perso", "perso.profile"}),
    "perso.edit": frozenset({"families", "kernel", "perso", "perso.profile", "perso.make"}),
}
"""The rooms of the cards, each with those it stands on: a family is made of commands and of profiles, and what makes and
changes cards asks the families. ``perso`` itself is what its rooms have in common."""


def applet_room(parts: Sequence[str]) -> str:
    """The room of ``applets`` in which a module or a name of it stands."""
    return ".".join(parts[:2]) if parts[0] == "perso" and ".".join(parts[:2]) in APPLET_ROOMS else parts[0]


def test_the_rooms_of_the_cards_stand_on_one_another_without_a_circle() -> None:
    used: dict[str, set[str]] = {room: set() for room in APPLET_ROOMS}
    for path in (ROOT / "applets").rglob("*.py"):
        inside = path.relative_to(ROOT / "applets").with_suffix("").parts
        if len(inside) == 1 or inside == ("perso", "__init__"):
            continue  # the entrances: what they name is imported when it is used
        for _, name in imported_names(parsed_module(path)):
            if name.startswith("bifente.applets."):
                used[applet_room(inside)].add(applet_room(name.split(".")[2:]))
    assert {path.name for path in (ROOT / "applets").iterdir() if (path / "__init__.py").is_file()} == {
        room.partition(".")[0] for room in APPLET_ROOMS
    }
    for room, others in used.items():
        assert others - {room} <= APPLET_ROOMS[room], room


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("fse", "from bifente.applets.kernel import store"),
        ("fse", "import bifente.reader.slot as slot"),
        ("fse", "from bifente import reader"),
        ("applets", "def late():\n    from bifente.reader import TwoSlotReader\n"),
        (
            "reader",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from bifente.applets import cps3\n",
        ),
        ("apdu", "import importlib\nimportlib.import_module('bifente.layouts.cards.cps3')"),
        ("crypto", "from bifente.apdu import ApduError"),
        ("documents", "from bifente.layouts.codec import JsonValue"),
        ("ssv", "from bifente.layouts.codec import JsonValue"),
        ("ssv", "from bifente.apdu import tlv"),
        ("layouts", "from .. import apdu"),
        ("cli", "from apdu import CommandAPDU"),
        ("igc", "import bifente.cli.main"),
        ("igc", "from bifente.workbench.served.slots import Slots"),
        ("fse", "from bifente import open_card"),
        ("bifente", "from bifente.cli.main import main"),
        ("workbench", "from bifente.cli.errors import ExitCode"),
        ("workbench", "from bifente.testing.emulated import Trace"),
    ],
)
def test_a_forbidden_arrow_is_caught(folder: str, source: str) -> None:
    assert len(forbidden(folder, source)) == 1


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        (
            "layouts",
            "from bifente.apdu import SW\nfrom bifente.codes.nir import Nir\nfrom bifente.layouts import nodes",
        ),
        ("cli", "from bifente import __version__\nfrom bifente.applets import open_card\nimport click"),
        ("reader", "from smartcard.reader import Reader\nimport select"),
    ],
)
def test_an_allowed_arrow_is_left_alone(folder: str, source: str) -> None:
    assert forbidden(folder, source) == []
