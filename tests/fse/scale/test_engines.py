"""The same results from every engine, to the byte, also when a worker is killed in the middle."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from scalework import digest, kill_once, process, refuse_seven

from bifente.fse.scale import Engine, ScaleError, engine_for

NUMBERS = range(40)
EXPECTED = [digest(number) for number in NUMBERS]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Engine]:
    """Two Dask workers of this machine."""
    with engine_for("dask:2") as engine:
        yield engine


@pytest.mark.parametrize("name", ["serial", "processes:2"])
def test_the_same_results_in_the_same_order(name: str) -> None:
    with engine_for(name) as engine:
        assert list(engine.map(digest, NUMBERS)) == EXPECTED
        assert list(engine.map(digest, [])) == []
        with pytest.raises(ValueError, match="seven is refused"):
            list(engine.map(refuse_seven, NUMBERS))


def test_a_cluster_gives_them_too(cluster: Engine) -> None:
    assert cluster.name == "Dask, 2 workers"
    assert list(cluster.map(digest, NUMBERS)) == EXPECTED
    assert len(set(cluster.map(process, NUMBERS))) == 2
    with pytest.raises(ValueError, match="seven is refused"):
        list(cluster.map(refuse_seven, NUMBERS))


def test_a_worker_is_killed_and_nothing_is_lost(cluster: Engine, tmp_path: Path) -> None:
    mark = tmp_path / "killed"
    items = [(number, str(mark)) for number in NUMBERS]
    assert list(cluster.map(kill_once, items)) == EXPECTED
    assert mark.exists(), "no worker was killed"


def test_a_process_that_is_killed_is_said(tmp_path: Path) -> None:
    items = [(number, str(tmp_path / "killed")) for number in NUMBERS]
    with engine_for("processes:2") as engine, pytest.raises(ScaleError, match="ended from outside"):
        list(engine.map(kill_once, items))


@pytest.mark.parametrize(
    "name", ["", "serial:2", "processes:0", "processes:x", "dask:1000", "threads", "dask:http://h:1"]
)
def test_what_is_no_engine(name: str) -> None:
    with pytest.raises(ScaleError, match=r"not an engine|number of workers"):
        engine_for(name)


def test_a_scheduler_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bifente.fse.scale.cluster.WAIT", 1)
    with pytest.raises(ScaleError, match=r"tcp://127\.0\.0\.1:9"):
        engine_for("dask:tcp://127.0.0.1:9")
