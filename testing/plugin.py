"""The pytest plugin: emulated cards as fixtures, and the target of the conformance suites.

Loaded by pytest itself once bifente is installed (entry point ``pytest11``). Everything of ours is imported when a
fixture is first used: a run that uses none starts as fast as without it.
"""

import os
from collections.abc import Generator, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from bifente.conformance.target import ConformanceTarget
    from bifente.testing.declared import Wanted
    from bifente.testing.emulated import EmulatedCps, EmulatedReader, EmulatedVitale, RecordedTrace
    from bifente.workbench.cards.maker import CardMaker

MARKER = "bifente"

_reader_of: "pytest.StashKey[EmulatedReader]" = pytest.StashKey()


_OPTIONS: Final = (
    ("reader", "bifente_readers", "append", "a PC/SC reader, by a part of its name; else emulated cards"),
    ("over", "bifente_over", "store", "the way to emulated cards: process (default) or socket"),
    ("card", "bifente_kinds", "append", "what is in each --reader"),
    ("suite", "bifente_suites", "append", "only this suite"),
    ("serial", "bifente_serial", "store", "serial number of the real card that may be tested"),
    ("emulated", "bifente_emulated", "store_true", "the cards in --reader are emulated"),
    ("destructive", "bifente_destructive", "store_true", "PIN tries of a real card may be consumed"),
)
"""Name, where it is kept, how, and what it means."""

_CHOICES: Final = {
    "over": ("process", "socket"),
    "suite": ("reader", "iso7816", "cps", "vitale", "terminal"),
}
_ONLY_WITH_READER: Final = ("card", "serial", "emulated", "destructive")

_CARD_FIXTURES: Final = frozenset({"bifente_reader", "cps", "vitale", "blocked_cps", "trace"})


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of ``pytest --pyargs bifente.conformance``."""
    _add(parser, "bifente-")


def pytest_load_initial_conftests(parser: pytest.Parser, args: list[str]) -> None:
    """Their short names, when it is our suites that are run: elsewhere ``--reader`` is somebody else's."""
    if any(argument.startswith("bifente.conformance") for argument in args):
        _add(parser, "")


def _add(parser: pytest.Parser, prefix: str) -> None:
    group = parser.getgroup("bifente", "bifente: the target of --pyargs bifente.conformance")
    for name, kept, action, text in _OPTIONS:
        choices = {"choices": _CHOICES[name]} if name in _CHOICES else {}
        group.addoption(f"--{prefix}{name}", dest=kept, action=action, help=text, **choices)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers",
        f'{MARKER}(cps="gp", vitale="vitale-single", over="process", changes={{}}): the emulated cards of this test: a'
        " profile for each slot, None for an empty slot; over is process, pyscard or socket.",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse markers that would be accepted and change nothing: a name like ours, and ours on a test without cards."""
    for item in items:
        for marker in item.iter_markers():
            if marker.name != MARKER and get_close_matches(marker.name, [MARKER], cutoff=0.8):
                raise pytest.UsageError(
                    f"{item.nodeid}: @pytest.mark.{marker.name}: did you mean @pytest.mark.{MARKER}?"
                )
        declared = any(marker.name == MARKER for marker in item.own_markers)
        if declared and not _CARD_FIXTURES & set(getattr(item, "fixturenames", _CARD_FIXTURES)):
            raise pytest.UsageError(
                f"{item.nodeid}: @pytest.mark.{MARKER} on a test without cards:"
                f" it uses none of the fixtures {', '.join(sorted(_CARD_FIXTURES))}"
            )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails shows what was said to its cards."""
    report = yield
    reader = item.stash.get(_reader_of, None)
    if reader is not None and report.when == "call" and report.failed:
        report.sections.append(("what was said to the cards", "\n".join(reader.trace.explain()) or "nothing"))
    return report


def _wanted(item: pytest.Item) -> "Wanted":
    """What the markers declare: the nearest one says it, others what it leaves out."""
    from bifente.testing.declared import Wanted

    fields: dict[str, object] = {}
    for marker in item.iter_markers(MARKER):
        if marker.args:
            raise pytest.UsageError(f'{item.nodeid}: @pytest.mark.{MARKER} takes names, e.g. cps="nurse"')
        for name, value in marker.kwargs.items():
            fields.setdefault(name, value)
    try:
        return Wanted.of(fields)
    except ValueError as error:
        raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.{MARKER}: {error}") from None


@pytest.fixture(scope="session")
def bifente_cards() -> "CardMaker":
    """Makes cards of profiles, all of one authority that lives as long as the run."""
    from bifente.workbench.cards.maker import CardMaker

    return CardMaker()


@pytest.fixture
def bifente_reader(request: pytest.FixtureRequest, bifente_cards: "CardMaker") -> "Iterator[EmulatedReader]":
    """A two-slot reader with the cards that the test's marker declares; fresh for each test."""
    from bifente.testing.emulated import emulated_reader

    wanted = _wanted(request.node)
    if wanted.changes and wanted.cps is not None:
        from bifente.testing.declared import check_records

        try:
            check_records(wanted.changes, bifente_cards.records(wanted.cps)[1])
        except ValueError as error:
            raise pytest.UsageError(f"{request.node.nodeid}: @pytest.mark.{MARKER}: {error}") from None
    with emulated_reader(bifente_cards, wanted) as reader:
        request.node.stash[_reader_of] = reader
        yield reader


@pytest.fixture
def cps(bifente_reader: "EmulatedReader") -> "EmulatedCps":
    """The professional's card in the reader; its PIN is ``cps.pin``."""
    if bifente_reader.cps is None:
        raise pytest.UsageError(f"the fixture cps with @pytest.mark.{MARKER}(cps=None)")
    return bifente_reader.cps


@pytest.fixture
def vitale(bifente_reader: "EmulatedReader") -> "EmulatedVitale":
    """The carte Vitale in the reader."""
    if bifente_reader.vitale is None:
        raise pytest.UsageError(f"the fixture vitale with @pytest.mark.{MARKER}(vitale=None)")
    return bifente_reader.vitale


@pytest.fixture
def blocked_cps(cps: "EmulatedCps", trace: "RecordedTrace") -> "EmulatedCps":
    """The professional's card after as many wrong PINs as it takes to block it; the PUK still works."""
    link = cps.link()
    wrong = bytes(0x30 + (digit - 0x2F) % 10 for digit in cps.pin)
    for _ in range(16):
        if link.transmit(b"\x00\x20\x00\x01" + bytes((len(wrong),)) + wrong) == b"\x69\x83":
            break
    link.reset()
    link.close()
    trace.clear()
    return cps


@pytest.fixture
def trace(bifente_reader: "EmulatedReader") -> "RecordedTrace":
    """What has been said to the cards of this test, masked."""
    return bifente_reader.trace


@pytest.fixture(scope="session")
def conformance_target(
    request: pytest.FixtureRequest, bifente_cards: "CardMaker"
) -> "Iterator[ConformanceTarget]":
    """What the conformance suites are run against, as the options say."""
    option = request.config.getoption
    if option("bifente_readers"):
        from bifente.conformance.detect import pcsc_target

        pin, puk = (os.environ.get(name, "").encode() or None for name in ("BIFENTE_PIN", "BIFENTE_PUK"))
        yield pcsc_target(
            option("bifente_readers"),
            option("bifente_kinds") or (),
            option("bifente_serial"),
            emulated=option("bifente_emulated"),
            destructive=option("bifente_destructive"),
            pin=pin,
            puk=puk,
        )
        return
    for name in _ONLY_WITH_READER:
        if option(next(kept for one, kept, *_ in _OPTIONS if one == name)):
            raise pytest.UsageError(f"--{name} is about the card in a --reader, and none is named")
    from bifente.workbench.targets import emulated_cards, in_process, over_socket

    cards = emulated_cards(bifente_cards)
    way = over_socket if option("bifente_over") == "socket" else in_process
    with way(cards) as target:
        yield target
