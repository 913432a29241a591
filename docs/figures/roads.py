"""The roads of an APDU and of a care sheet: drawn from what really runs, on emulated cards made for it."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from calls import Call, Function, function_of, recorded, stations
from drawing import Stop, road

from bifente.apdu.link import Link
from bifente.applets import open_card
from bifente.applets.families import family_of
from bifente.applets.kernel.instruction import Table
from bifente.applets.store.stores import create_card_file
from bifente.layouts.recognition import Step
from bifente.reader import CPS_SLOT, TwoSlotReader
from bifente.terminal import CpsSession
from bifente.traces.explanation.names import name_of
from bifente.traces.maskedbytes import MaskedBytes
from bifente.workbench.cards.maker import PIN, CardMaker
from bifente.workbench.demo import demonstrate

CPS, VITALE = "gp", "vitale-family"
"""The profiles of the two cards."""

CARD_LANES = {
    "terminal": "terminal",
    "reader": "reader",
    "apdu": "apdu",
    "applets/kernel": "kernel",
    "applets/commands": "commands",
    "layouts": "layouts",
    "crypto": "crypto",
    "applets/store": "store",
}
VALUES = frozenset({"apdu", "layouts", "crypto"})
"""Lanes of values and codecs: that they are asked is drawn, how they find out is not."""

SHEET_LANES = {"fse/sheet": "care sheet", "terminal": "terminal", "CPS": "CPS", "Vitale": "Vitale"}

_APPLICATION = "00A404040DE828BD080F8025000001FF0010"
_SIGNATURE_KEY = "002241B606 800142 840181"
_HALF = "AB" * 16

Situation = Callable[[Link], Callable[[], object]]
"""Brings a card where the road begins, and gives what is drawn."""


def present_pin(link: Link) -> Callable[[], object]:
    """VERIFY, as a terminal sends it."""
    session = CpsSession(link)
    return lambda: session.verify_pin(PIN)


def end_of_chain(link: Link) -> Callable[[], object]:
    """The last command of a chain, after PIN and security environment."""
    _send(link, _APPLICATION, f"0020000104 {PIN.hex()}", _SIGNATURE_KEY, f"102A9E9A10 {_HALF}")
    return lambda: link.transmit(bytes.fromhex(f"002A9E9A10 {_HALF} 00"))


def refused(link: Link) -> Callable[[], object]:
    """A file that only the PIN opens, without it."""
    _send(link, _APPLICATION, "00A4020C02D110")
    return lambda: link.transmit(bytes.fromhex("00B0000000"))


SITUATIONS: Mapping[str, tuple[str, Situation]] = {
    "verify": ("VERIFY, from a terminal to the card file and back", present_pin),
    "chained": ("The last command of a chain: PSO COMPUTE DIGITAL SIGNATURE", end_of_chain),
    "refused": ("READ BINARY without the PIN: a refusal and its reason", refused),
}


def _send(link: Link, *commands: str) -> None:
    for command in commands:
        answer = link.transmit(bytes.fromhex(command))
        if answer[-2:-1] not in (b"\x90", b"\x61"):
            raise ValueError(f"{command}: {answer.hex()}")


def apdu_road(situation: Situation, card_file: Path, instructions: Table | None = None) -> list[Stop]:
    """The stops of one command to the CPS in *card_file*; *instructions* are the card's, by default its family's."""
    calls: list[Call] = []
    card = open_card(card_file)
    if instructions is not None:
        card.instructions = instructions
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, card)
        drawn = situation(reader.link(CPS_SLOT))
        with recorded(calls):
            drawn()
    return list(_card_stops(calls, card.instructions))


def _card_stops(calls: list[Call], instructions: Table) -> Iterator[Stop]:
    entries = dict(_entries(instructions))
    places: dict[int, int] = {}
    kept = stations(
        calls,
        shown=lambda function: function in entries or _is_step(function),
        closed=lambda function: lane_of(function) in VALUES,
    )
    for place, call in enumerate(kept):
        places[call.index] = place
        lane = lane_of(call.function) or "applets/commands"  # the instruction of a program of somebody else
        label, caption = entries.get(call.function, (call.function.name, call.function.summary))
        yield Stop(lane, label, caption, None if call.caller is None else places[call.caller])


def lane_of(function: Function) -> str | None:
    """The lane of :data:`CARD_LANES` on which a function stands."""
    folder = function.folder
    while folder and folder not in CARD_LANES:
        folder = folder.rpartition("/")[0]
    return folder or None


def _is_step(function: Function) -> bool:
    """What says that it does something; of folders around the card, only what they give to others."""
    lane = lane_of(function)
    private = any(part.startswith("_") for part in function.name.split("."))
    inside = lane in ("applets/kernel", "applets/commands") and not function.name.endswith("__")
    marks = function.name.startswith("MarkedBytes.")
    told = bool(function.summary) and not function.is_property
    return lane is not None and told and (inside or not private) and not marks


def _entries(instructions: Table) -> Iterator[tuple[Function, tuple[str, str]]]:
    """The two functions of each instruction of a dispatch table, with what they are called in a figure."""
    for ins, each in instructions.items():
        for part, caption in (
            ("request", "What the command means; a wrong P1, P2, Lc or Le is refused here."),
            ("run", "The access rule of the target, then the action."),
        ):
            code = getattr(getattr(each, part), "__code__", None)
            if code is not None and (found := function_of(code.co_filename, code.co_firstlineno)) is not None:
                yield found, (f"{ins:02X} {each.name}: {part}", found.summary or caption)


def sheet_road(maker: CardMaker, folder: Path) -> list[Stop]:
    """The stops of the demonstration: each step of the care session, and what it asks of both cards."""
    cps, vitale = (made(maker, profile, folder) for profile in (CPS, VITALE))
    calls: list[Call] = []
    with recorded(calls):
        demonstrate(maker.authority, folder, cps, vitale, PIN, maker.today, accept=True)
    return list(
        _sheet_stops(stations(calls, _is_of_sheet, closed=lambda function: function.name == _TRANSMIT))
    )


_TRANSMIT, _SEND = "SlotLink.transmit", "Channel.send"
_SHEET = "fse/sheet"
_SESSION = f"{_SHEET}/session.py"
_VERBS = frozenset({"terminal/cps.py", "terminal/vitale.py", "terminal/recognise.py"})


def _is_of_sheet(function: Function) -> bool:
    if function.name in (_TRANSMIT, _SEND, "CareSession.__init__"):
        return True
    public = not any(part.startswith("_") for part in function.name.split(".")) and not function.is_property
    return public and bool(function.summary) and (function.folder == _SHEET or function.path in _VERBS)


@dataclass(slots=True)
class _Asked:
    """One step in which a card is asked, by one APDU or several."""

    place: int
    key: tuple[int, str, str]
    names: Counter[str]


def _sheet_stops(calls: list[Call]) -> list[Stop]:
    stops: list[Stop] = []
    at: dict[int, int] = {}
    seen: dict[tuple[int | None, Function], int] = {}
    asked: _Asked | None = None
    for call in calls:
        function = call.function
        above = at.get(call.caller) if call.caller is not None else None
        if function.name == _TRANSMIT:
            assert asked is not None
            asked.names[_name(call)] += 1
            stops[asked.place] = _with_names(stops[asked.place], asked.names)
            continue
        if function.name == _SEND:
            assert above is not None
            key = (above, _card(call), _step(call))
            if asked is None or asked.key != key:
                asked = _Asked(len(stops), key, Counter())
                stops.append(Stop(key[1], key[2], "", above))
            continue
        if not _begins(function, None if above is None else stops[above]):
            at[call.index] = above if above is not None else len(stops) - 1
            continue
        heading = function.path == _SESSION
        if (above, function) in seen and not heading:
            at[call.index] = seen[above, function]
            continue
        asked = None
        at[call.index] = seen[above, function] = len(stops)
        name = function.name.removesuffix(".__init__")
        stops.append(Stop(function.folder, name, function.summary, None if heading else above, heading))
    return stops


def _begins(function: Function, above: Stop | None) -> bool:
    """A step of the session; what a step does by the care sheet's own rules; what it wants of the terminal."""
    if function.path == _SESSION:
        return above is None
    return above is not None and (above.heading if function.folder == _SHEET else above.lane == _SHEET)


def _name(call: Call) -> str:
    command = call.arguments["command"]
    assert isinstance(command, bytes)
    return name_of(MaskedBytes(command))


def _card(call: Call) -> str:
    card = getattr(call.arguments["self"], "card")  # noqa: B009 - an argument of any type
    return str(card.value)


def _step(call: Call) -> str:
    step = call.arguments["step"]
    if isinstance(step, Step):
        return f"step {step.value}: {step.name.replace('_', ' ').lower()}"
    return "command" if step is None else str(step)


def _with_names(stop: Stop, names: Counter[str]) -> Stop:
    caption = ", ".join(name if count == 1 else f"{name} ×{count}" for name, count in names.items())
    return Stop(stop.lane, stop.label, caption, stop.came_from)


def made(maker: CardMaker, profile: str, folder: Path) -> Path:
    """A card file of a shipped profile."""
    path = folder / f"{profile}.card"
    if not path.exists():
        create_card_file(path, maker.records(profile)[1])
    return path


def dispatch_table(kinds: tuple[str, ...], tables: Mapping[str, Table] | None = None) -> Iterator[str]:
    """Which kind of card has which instruction, as lines of Markdown."""
    tables = tables or {kind: family_of(kind).instructions() for kind in kinds}
    names = {ins: each.name for table in tables.values() for ins, each in table.items()}
    yield f"| INS | instruction | {' | '.join(kinds)} |"
    yield f"|---|---|{'---|' * len(kinds)}"
    for ins, name in sorted(names.items()):
        has = ("●" if ins in tables[kind] else "" for kind in kinds)
        yield f"| {ins:02X} | {name} | {' | '.join(has)} |"


def figures() -> Iterator[tuple[str, str]]:
    """Name and content of every road."""
    with tempfile.TemporaryDirectory(prefix="bifente-roads-") as place:
        maker, folder = CardMaker(), Path(place)
        for name, (title, situation) in SITUATIONS.items():
            card = made(maker, CPS, folder)
            yield f"apdu-{name}.svg", road(title, CARD_LANES, apdu_road(situation, card))
        yield (
            "sheet.svg",
            road(
                "A care sheet, from the PIN to both signatures verified",
                SHEET_LANES,
                sheet_road(maker, folder),
            ),
        )
