"""The rooms of the care sheet, and which others each stands on: a day is data that flows one way."""

from pathlib import Path

import pytest
from housemodules import parsed_module
from importnames import imported_names

FSE = Path(__file__).parents[2] / "fse"

ROOMS: dict[str, frozenset[str]] = {
    "sheet": frozenset(),
    "tariff": frozenset({"sheet"}),
    "b2": frozenset(),
    "noemie": frozenset(),
    "post": frozenset(),
    "lots": frozenset({"sheet", "b2"}),
    "returns": frozenset({"noemie"}),
    "chaining": frozenset(),
    "scale": frozenset(),
    "cabinet": frozenset({"sheet", "tariff", "b2", "noemie", "post", "lots", "returns"}),
    "caisse": frozenset({"sheet", "tariff", "b2", "noemie", "post", "lots", "returns", "scale"}),
}
"""Neither does the surgery know the caisse, nor the caisse the surgery: between them is the post."""

OUTSIDE: dict[str, frozenset[str]] = {
    "sheet": frozenset({"apdu", "codes", "crypto", "documents", "igc", "layouts", "ssv", "terminal"}),
    "tariff": frozenset({"codes", "documents"}),
    "b2": frozenset({"codes", "documents"}),
    "noemie": frozenset({"codes", "documents"}),
    "post": frozenset({"crypto", "documents", "igc"}),
    "lots": frozenset({"codes", "crypto", "documents", "igc"}),
    "returns": frozenset({"codes", "crypto", "documents", "igc"}),
    "chaining": frozenset({"codes"}),
    "scale": frozenset(),
    "cabinet": frozenset({"codes", "crypto", "documents", "igc"}),
    "caisse": frozenset({"codes", "crypto", "documents", "igc"}),
}
"""What a room imports beside the other rooms and ``fse.errors``. Only ``sheet`` holds links to cards."""


def rooms() -> list[str]:
    """The rooms there are."""
    return sorted(path.parent.name for path in FSE.glob("*/__init__.py"))


def used_by(room: str) -> set[str]:
    """What the modules of *room* import of ours, without ``bifente``."""
    return {
        name.removeprefix("bifente.")
        for path in (FSE / room).rglob("*.py")
        for _, name in imported_names(parsed_module(path))
        if name.startswith("bifente.")
    }


@pytest.mark.parametrize("room", rooms())
def test_a_room_of_the_care_sheet_stands_on_those_before_it(room: str) -> None:
    used = used_by(room)
    of_fse = {name.split(".")[1] for name in used if name.startswith("fse.")} - {"errors", room}
    assert of_fse <= ROOMS[room]
    others = {name.split(".")[0] for name in used} - {"fse", "slotted", "__version__"}
    assert others <= OUTSIDE[room]


def test_every_room_is_in_the_table() -> None:
    assert set(rooms()) <= ROOMS.keys() == OUTSIDE.keys()
    assert {path.name for path in FSE.glob("*.py")} == {"__init__.py", "errors.py"}
