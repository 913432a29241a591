"""The figures of the documentation are drawn from the code: whoever changes a step or a table changes the figure."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest

from bifente.applets.families import family_of
from bifente.applets.kernel.card import SmartCard
from bifente.applets.kernel.instruction import Instruction
from bifente.fse.cabinet.machine import StateMachine, Transition
from bifente.fse.cabinet.states import LOT, LotEvent, LotState
from bifente.reader.wrappers.t0front import T0Front
from bifente.terminal import CpsSession
from bifente.workbench.cards.maker import CardMaker

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def drawers() -> Iterator[Mapping[str, ModuleType]]:
    """The modules that draw, by their names: what builds the pages imports them from their folder."""
    from importlib import import_module

    folder = str(ROOT / "docs" / "figures")
    before = list(sys.path)
    sys.path.insert(0, folder)
    yield {name: import_module(name) for name in ("calls", "drawing", "roads", "rooms", "states")}
    sys.path[:] = before


@pytest.fixture(scope="module")
def maker() -> CardMaker:
    return CardMaker()


@pytest.fixture(scope="module")
def cps(drawers: Mapping[str, Any], maker: CardMaker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = drawers["roads"].made(maker, "gp", tmp_path_factory.mktemp("cards"))
    return path


def labels(stops: list[Any]) -> list[str]:
    return [stop.label for stop in stops]


def test_verify_goes_through_every_room_in_order(drawers: Mapping[str, Any], cps: Path) -> None:
    roads = drawers["roads"]
    seen = labels(roads.apdu_road(roads.present_pin, cps))
    expected = ("CpsSession.verify_pin", "Channel.send", "T0Front.transmit", "SmartCard.transmit", "CommandAPDU.parse",
                "20 VERIFY: request", "20 VERIFY: run", "Persistent.consume_try", "Persistent.accept")  # fmt: skip
    places = [seen.index(label) for label in expected]
    assert places == sorted(places)
    stores = [place for place, label in enumerate(seen) if label == "SqliteStore.commit"]
    assert len(stores) == 2, "the try is written before the comparison, its outcome after it"
    assert seen.index("Persistent.consume_try") < stores[0] < seen.index("Persistent.accept") < stores[1]


def test_another_dispatch_table_is_another_road(drawers: Mapping[str, Any], cps: Path) -> None:
    """The instruction that stands in the table is the one that is drawn."""
    roads = drawers["roads"]
    table = family_of("cps3").instructions()
    verify = table[0x20]

    def twice(card: SmartCard, request: object) -> bytes:
        """Verify a code two times."""
        verify.run(card, request)
        return verify.run(card, request)

    changed = {**table, 0x20: Instruction(0x20, "VERIFY TWICE", verify.request, twice)}
    before = labels(roads.apdu_road(roads.present_pin, cps))
    after = labels(roads.apdu_road(roads.present_pin, cps, changed))
    assert before.count("Persistent.consume_try") == 1
    assert after.count("Persistent.consume_try") == 2
    assert "20 VERIFY TWICE: request" in after
    assert "20 VERIFY: request" not in after


def test_a_step_that_is_taken_away_is_no_longer_drawn(
    drawers: Mapping[str, Any], cps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roads = drawers["roads"]
    monkeypatch.setattr(T0Front, "transmit", lambda self, command: self._card.transmit(command))
    seen = labels(roads.apdu_road(roads.present_pin, cps))
    assert "SmartCard.transmit" in seen
    assert "T0Front.transmit" not in seen


def test_the_dispatch_tables_are_listed(drawers: Mapping[str, Any]) -> None:
    roads = drawers["roads"]
    tables = {kind: family_of(kind).instructions() for kind in ("cps3", "t1test")}
    before = list(roads.dispatch_table(("cps3", "t1test"), tables))
    echo = Instruction(0x3C, "TOY", tables["t1test"][0xEE].request, tables["t1test"][0xEE].run)
    after = list(
        roads.dispatch_table(("cps3", "t1test"), {**tables, "t1test": {**tables["t1test"], 0x3C: echo}})
    )
    assert set(after) - set(before) == {"| 3C | TOY |  | ● |"}


def test_the_sheet_goes_from_the_pin_to_the_verification(
    drawers: Mapping[str, Any], maker: CardMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roads = drawers["roads"]
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    stops = roads.sheet_road(maker, first)
    headings = [stop.label for stop in stops if stop.heading]
    steps = "present_pin recognise rights_at professional draw_up sign verify rights_at close"
    assert headings == ["CareSession", *(f"CareSession.{step}" for step in steps.split())]
    assert {stop.lane for stop in stops} == roads.SHEET_LANES.keys()
    signing = [stop for stop in stops if "PERFORM SECURITY OPERATION" in stop.caption]
    assert {"CPS", "Vitale"} <= {stop.lane for stop in signing}
    verify = CpsSession.verify_pin

    def and_asks(self: CpsSession, pin: bytes) -> None:
        verify(self, pin)
        self.channel.check("one question more", 0xA4, 0x00, 0x0C, bytes.fromhex("3F00"))
        self.enter_application()

    monkeypatch.setattr(CpsSession, "verify_pin", and_asks)
    assert "one question more" in labels(roads.sheet_road(maker, second))


def test_the_rooms_show_the_table_and_the_imports(drawers: Mapping[str, Any]) -> None:
    rooms = drawers["rooms"]
    table, used = rooms.arrows(), rooms.imports()
    assert used["terminal", "apdu"] > 0
    assert used["applets", "reader"] == used["reader", "applets"] == 0
    figure = rooms.rooms(table, used)
    assert rooms.rooms({**table, "igc": table["igc"] | {"layouts"}}, used) != figure
    assert rooms.rooms(table, {**used, ("igc", "apdu"): 1000}) != figure
    with pytest.raises(ValueError, match="circle"):
        rooms.rooms({**table, "apdu": frozenset({"layouts"})}, used)


def test_the_states_are_drawn_from_their_tables(drawers: Mapping[str, Any]) -> None:
    states = drawers["states"]
    before = list(states.table(LOT))
    more = Transition(LotState.SETTLED, LotEvent.SILENCE, LotState.NO_RETURN)
    after = list(states.table(StateMachine("lot", (*LOT.transitions, more))))
    assert set(after) - set(before) == {"| silence | settled | no return |  |"}
    drawn = states.ladder("x", LOT)
    texts = [
        element.text for element in ElementTree.fromstring(drawn).iter() if element.tag.endswith("}text")
    ]
    assert {state.value for state in LotState} | {event.value for event in LotEvent} == set(texts)
    assert states.ladder("x", StateMachine("lot", (*LOT.transitions, more))) != drawn


def test_every_figure_is_well_formed_and_holds_no_secret(drawers: Mapping[str, Any]) -> None:
    drawn = (one for name in ("rooms", "roads", "states") for one in drawers[name].figures())
    for name, content in drawn:
        if name.endswith(".md"):
            continue
        root = ElementTree.fromstring(content)
        assert root.tag == "{http://www.w3.org/2000/svg}svg", name
        texts = "".join(root.itertext())
        assert "1234" not in texts, name
        assert "31323334" not in texts, name


def test_what_stands_beside_the_figure_is_escaped_and_stays_inside(drawers: Mapping[str, Any]) -> None:
    drawing = drawers["drawing"]
    stop = drawing.Stop("a", "<b> & c", "word " * 60)
    root = ElementTree.fromstring(drawing.road("x", {"a": "<a>"}, [stop]))
    texts = [element for element in root.iter() if element.tag.endswith("}text")]
    assert "<b> & c" in [element.text for element in texts]
    for element in texts:
        assert float(element.attrib["x"]) + len(element.text or "") * 5.5 < drawing.WIDTH
