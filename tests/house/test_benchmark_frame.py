"""The frame of the benchmarks measures in turns, takes medians and judges limits."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def frame() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_frame", BENCHMARKS / "frame.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_subject_and_floor_take_turns(frame: ModuleType) -> None:
    calls: list[str] = []
    frame.pairs(lambda: calls.append("s"), lambda: calls.append("f"))
    assert "".join(calls[2:]) == "fssf" * 5 + "fs"


def test_eleven_rounds_at_least(frame: ModuleType) -> None:
    with pytest.raises(ValueError, match="11"):
        frame.pairs(int, int, rounds=10)


def test_the_ratio_is_that_of_the_work(frame: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock that only work moves; what a loaded machine does to the ratio is the median's to bear."""
    now = 0.0
    disturbances = iter([0.0, 5.0, 0.0, 0.0, 0.0] * 20)

    def work(seconds: float) -> None:
        nonlocal now
        now += seconds + next(disturbances)

    monkeypatch.setattr(frame.time, "perf_counter", lambda: now)
    result = frame.against_floor("x", lambda: work(0.003), lambda: work(0.001), most=2, rounds=15)
    assert result.ratio == pytest.approx(3.0)
    assert result.kept is False


@pytest.mark.parametrize(
    ("limits", "kept"),
    [({}, None), ({"most": 3}, True), ({"most": 1}, False), ({"least": 20}, True), ({"least": 21}, False)],
)
def test_limits(frame: ModuleType, limits: dict[str, float], kept: bool | None) -> None:
    assert frame.Result("x", "ms", 20.0, 10.0, 2.0, **limits).kept is kept


def test_the_table_and_the_names(frame: ModuleType) -> None:
    lines = list(frame.table([frame.Result("x", "ms", 20.0, 10.0, 2.0, most=1.0)]))
    assert "MISSED" in lines[1]
    assert "2.00" in lines[1]


def test_an_unknown_benchmark_is_refused_with_the_names() -> None:
    done = subprocess.run(
        [sys.executable, BENCHMARKS, "nope"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "startup" in done.stderr


def test_a_benchmark_runs_and_says_its_floors() -> None:
    """What the figures are is the benchmark's to judge; ``tests/cli/test_imports.py`` counts what they come from."""
    done = subprocess.run(
        [sys.executable, BENCHMARKS, "--json", "--quick", "startup", "kernel"],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)["results"]
    assert [one["name"] for one in results] == [
        "bifente --help",
        "bifente card show",
        "bifente reader serve, ready",
        "SELECT EF with FCP + READ BINARY 16 under PIN",
        "VERIFY, right PIN, store in memory",
    ]
    assert all(one["floor"] > 0 and one["ratio"] > 0 for one in results)


def test_a_process_is_measured_to_the_millisecond(frame: ModuleType) -> None:
    """``Popen.wait`` with a time limit sleeps up to 50 ms between looks: a process of 40 ms then lasts 64."""
    waits: list[float | None] = []
    real = subprocess.Popen.wait

    class Recording(subprocess.Popen):  # type: ignore[type-arg]
        def wait(self, timeout: float | None = None) -> int:
            waits.append(timeout)
            return real(self, timeout)

    frame.subprocess.Popen, kept = Recording, frame.subprocess.Popen
    try:
        frame.run_process([sys.executable, "-I", "-c", ""])
        with pytest.raises(RuntimeError, match="ended with 3"):
            frame.run_process([sys.executable, "-I", "-c", "raise SystemExit(3)"])
    finally:
        frame.subprocess.Popen = kept
    assert waits == [None, None]


def test_a_line_that_misses_once_is_measured_twice_more(frame: ModuleType) -> None:
    values = iter([(30.0, 1.0), (10.0, 1.0), (12.0, 1.0)])

    def measure() -> list[object]:
        flaky, steady = next(values)
        return [frame.Result("flaky", "ms", flaky, most=20.0), frame.Result("steady", "ms", steady, most=2.0)]

    steady, flaky = list(frame.judged(measure))
    assert (steady.name, flaky.value, flaky.kept) == ("steady", 12.0, True)
    assert "three" in flaky.note


def test_a_line_that_misses_again_is_missed(frame: ModuleType) -> None:
    values = iter([30.0, 10.0, 25.0])
    (result,) = list(frame.judged(lambda: [frame.Result("x", "ms", next(values), most=20.0)]))
    assert (result.value, result.kept) == (25.0, False)


def test_pinning_is_undone(frame: ModuleType) -> None:
    if len(frame.CORES) < 2:
        pytest.skip("this machine has one core only")
    before = frame.os.sched_getaffinity(0)
    with frame.pinned(1):
        assert frame.os.sched_getaffinity(0) == {frame.CORES[1]}
    assert frame.os.sched_getaffinity(0) == before
