"""Sheets are the same to the byte wherever they are made, also when a worker is killed over one."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from daywork import MarkedTask, killed_over_the_third
from issued import authority, records

from bifente.fse.scale import Engine, engine_for
from bifente.workbench.day.making import SheetTask, TrustBytes, make_visit
from bifente.workbench.day.patients import Visit

DAY = date(2027, 1, 4)


@pytest.fixture(scope="module")
def tasks() -> list[SheetTask]:
    trust = TrustBytes.of(authority().trust_store)
    doctor, vitale = dict(records("gp")), dict(records("vitale-family"))
    return [
        SheetTask(number, Visit(0, 1 + number % 4, "G", "T", True, number), 5, DAY, doctor, vitale, trust)
        for number in range(1, 7)
    ]


@pytest.fixture(scope="module")
def made(tasks: list[SheetTask]) -> list[bytes]:
    return [make_visit(task).signed for task in tasks]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Engine]:
    with engine_for("dask:2") as engine:
        yield engine


def test_the_same_task_gives_the_same_bytes(tasks: list[SheetTask], made: list[bytes]) -> None:
    assert make_visit(tasks[0]).signed == made[0]
    assert make_visit(replace(tasks[0], seed=6)).signed != made[0]
    assert len(set(made)) == len(made)


def test_on_a_cluster_with_a_worker_that_is_killed(
    tasks: list[SheetTask], made: list[bytes], cluster: Engine, tmp_path: Path
) -> None:
    marked = [MarkedTask(task, str(tmp_path / "killed")) for task in tasks]
    assert [one.signed for one in cluster.map(killed_over_the_third, marked)] == made
    assert (tmp_path / "killed").exists(), "no worker was killed"


def test_seeded_bytes_repeat_themselves() -> None:
    from bifente.workbench.day.making import seeded

    sizes = [random.Random(1).randrange(1, 70) for _ in range(20)]
    first, again, other = seeded("a"), seeded("a"), seeded("b")
    drawn = [first(size) for size in sizes]
    assert drawn == [again(size) for size in sizes]
    assert [len(one) for one in drawn] == sizes
    assert drawn != [other(size) for size in sizes]
