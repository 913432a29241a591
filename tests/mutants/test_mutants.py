"""Each fault is caught by the conformance cases that are expected to find it; the whole score is ``make mutants``.

The faults of a PC/SC service are tried in a process of their own: libpcsclite looks for its service once in its life.
"""

import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import catalogue
import pytest
from mutantkit import Mutant, judge

from bifente.workbench.cards.maker import CardMaker

HERE = Path(__file__).parent
IN_PROCESS = [one for one in catalogue.MUTANTS if one.over == "process"]
SERVED = [one for one in catalogue.MUTANTS if one.over == "socket"]


@pytest.fixture(scope="module")
def maker() -> CardMaker:
    return CardMaker()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A mutant may fail unexpectedly, which the kernel logs with a traceback."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_there_are_enough() -> None:
    assert len(catalogue.MUTANTS) >= 60
    assert len(SERVED) >= 30


def test_good_cards_pass(maker: CardMaker) -> None:
    report = judge(maker, None)
    assert report.failures == []


@pytest.mark.parametrize("one", IN_PROCESS, ids=lambda one: one.name)
def test_caught(maker: CardMaker, one: Mutant) -> None:
    assert judge(maker, one).failures


def test_good_cards_pass_after_every_mutant(maker: CardMaker) -> None:
    """Each fault has been taken out again."""
    assert judge(maker, None).failures == []


def test_faults_of_a_service_are_caught() -> None:
    """A third of them; the others with ``make mutants``."""
    pytest.importorskip("smartcard")
    names = [one.name for one in SERVED[::3] if "outlives" not in one.name]
    done = subprocess.run(
        [sys.executable, HERE, *names], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"good cards, socket: \d+ passed, 0 failed, 0 not run", done.stdout)
    assert f"{len(names)} of {len(names)} mutants caught" in done.stdout
