"""``bifente reader serve --relay`` on one machine: the relayed reader does what the real one does, which another process serves."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from clients import Lines
from issued import records
from pcscwire import Wire, until

from bifente.applets.store.stores import create_card_file

pytest.importorskip("smartcard")
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="readers are served on Linux")

BIFENTE = str(Path(sys.executable).with_name("bifente"))
NAME = "Bifente Lecteur bi-fente"
CPS, VITALE = f"{NAME} [CPS] 00 00", f"{NAME} [Vitale] 00 01"
WAIT = 30
CHALLENGE = bytes.fromhex("0084000008")
VERIFY = bytes.fromhex("002000010431323334")


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """A socket's path has 107 bytes at most, a test's folder often more."""
    with TemporaryDirectory(prefix="bf-") as folder:
        yield {**os.environ, "XDG_RUNTIME_DIR": folder, "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def cards(tmp_path: Path) -> tuple[Path, Path]:
    made = tmp_path / "cps.card", tmp_path / "vitale.card"
    for path, profile in zip(made, ("gp", "vitale-single"), strict=True):
        create_card_file(path, records(profile))
    return made


@contextmanager
def serving(environment: dict[str, str], *arguments: str | Path) -> Iterator[Path]:
    """``bifente reader serve``: its socket. It ends in order."""
    process = subprocess.Popen(
        [BIFENTE, "reader", "serve", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield Path(Lines(process).until(r"export PCSCLITE_CSOCK_NAME=(\S+)", WAIT)[1])
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT) == 0
    finally:
        process.kill()
        process.communicate(timeout=WAIT)


@contextmanager
def relayed(environment: dict[str, str], real: Path, *options: str) -> Iterator[Path]:
    through = {**environment, "PCSCLITE_CSOCK_NAME": str(real)}
    with serving(through, "--as", "relay", "--relay", "[CPS]", "--relay", "2", *options) as path:
        yield path


def reader(environment: dict[str, str], *arguments: str | Path) -> None:
    subprocess.run(
        [BIFENTE, "reader", *arguments], env=environment, check=True, timeout=WAIT, capture_output=True
    )


def test_cards_and_readers_come_and_go_as_the_real_ones(
    environment: dict[str, str], cards: tuple[Path, Path]
) -> None:
    with serving(environment, *cards) as real, relayed(environment, real) as path, Wire(path) as one:
        until(lambda: [state.name for state in one.states()[:2]] == [CPS, VITALE], WAIT)
        until(lambda: one.state(CPS).bits & 4 and one.state(VITALE).bits & 4, WAIT)
        card = one.card(CPS)
        assert one.transmit(card, CHALLENGE, protocol=1)[1][-2:] == b"\x90\x00"
        assert one.transmit(card, VERIFY, protocol=1)[1] == b"\x90\x00"

        reader(environment, "remove", "CPS")
        until(lambda: one.state(CPS).bits & 2, WAIT)
        reader(environment, "insert", cards[0])
        until(lambda: one.state(CPS).bits & 4, WAIT)

        reader(environment, "unplug")
        until(lambda: not [state for state in one.states() if state.name], WAIT)
        reader(environment, "plug")
        until(lambda: {state.name for state in one.states() if state.name} == {CPS, VITALE}, WAIT)
        until(lambda: one.state(CPS).bits & 4 and one.state(VITALE).bits & 4, WAIT)
        assert one.transmit(one.card(VITALE), CHALLENGE, protocol=1)[1][-2:] == b"\x90\x00"


def test_a_service_that_ends_takes_its_readers_along_and_brings_them_back(
    environment: dict[str, str], cards: tuple[Path, Path]
) -> None:
    first = serving(environment, *cards)
    real = first.__enter__()
    with relayed(environment, real) as path, Wire(path) as one:
        until(lambda: one.state(CPS).bits & 4, WAIT)
        first.__exit__(None, None, None)
        until(lambda: not [state for state in one.states() if state.name], WAIT)
        with serving(environment, *cards):
            until(lambda: {state.name for state in one.states() if state.name} == {CPS, VITALE}, WAIT)
            until(lambda: one.state(CPS).bits & 4, WAIT)


def test_a_card_that_somebody_holds_comes_when_it_is_free(
    environment: dict[str, str], cards: tuple[Path, Path]
) -> None:
    """The real card is held exclusively; a local program that has it first keeps it."""
    with serving(environment, *cards) as real, Wire(real) as local:
        held = local.card(CPS)
        with relayed(environment, real) as path, Wire(path) as one:
            until(lambda: one.state(VITALE).bits & 4, WAIT)
            assert one.state(CPS).bits & 2
            local.disconnect(held)
            until(lambda: one.state(CPS).bits & 4, WAIT)


def test_readers_that_are_not_there_or_named_twice(
    environment: dict[str, str], cards: tuple[Path, Path]
) -> None:
    with serving(environment, *cards) as real:
        through = {**environment, "PCSCLITE_CSOCK_NAME": str(real)}
        for names, code, word in (
            (("Omnikey",), 3, f"there are: 1 {CPS}, 2 {VITALE}"),
            (("bi-fente",), 3, "may be any of"),
            (("CPS", "1"), 2, "named twice"),
        ):
            options = [part for name in names for part in ("--relay", name)]
            done = subprocess.run(
                [BIFENTE, "reader", "serve", "--as", "relay", *options],
                env=through,
                capture_output=True,
                text=True,
                timeout=WAIT,
                check=False,
            )
            assert (done.returncode, word in done.stderr) == (code, True), done.stderr
