"""The frame of every benchmark: interleaved pairs, medians, ratios to a floor measured in the same run.

A figure without its floor says more about the machine than about the code. A benchmark therefore runs its subject and
its floor in turns, so that a slow minute of the machine slows both, and the floor's code stands beside the subject's.
What runs in a process of its own is pinned to a core and waited for without polling.
"""

import gc
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer

ROUNDS = 11
"""The least number of pairs of a median."""

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
"""The cores this process may use; empty where the system does not say."""

quick = False
"""One round of everything and no second measurement: whether a benchmark runs, not what it measures."""

PROCESS_LIMIT = 120.0
"""Seconds after which a measured process is killed."""


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table.

    ``value`` is in ``unit``; ``floor`` is the same measure of the floor, None when there is none; ``ratio`` is value
    to floor. The limit ``most`` is on the ratio when there is a floor, else on the value; ``least`` is on the value.
    """

    name: str
    unit: str
    value: float
    floor: float | None = None
    ratio: float | None = None
    most: float | None = None
    least: float | None = None
    note: str = ""

    @property
    def kept(self) -> bool | None:
        """Whether the limit is kept; None when there is none."""
        if self.most is None and self.least is None:
            return None
        taken = self.value if self.ratio is None else self.ratio
        return (self.most is None or taken <= self.most) and (self.least is None or self.value >= self.least)

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {**asdict(self), "kept": self.kept}


@contextmanager
def pinned(number: int = 0) -> Iterator[None]:
    """Stay on one core, and start processes on it, in this block; *number* counts the cores from 0 and wraps around."""
    if len(CORES) < 2:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CORES[number % len(CORES)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def run_process(
    command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, core: int = 0, check: bool = True
) -> None:
    """Run a command on one core from its start to its end, its output thrown away.

    ``Popen.wait`` with a time limit sleeps between looks, up to 50 ms: it would measure its own sleeps. Without one it
    blocks until the process has ended; a timer keeps the wait bounded.
    """
    with TemporaryFile() as errors:
        with pinned(core):
            process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=errors)
        guard = Timer(PROCESS_LIMIT, process.kill)
        guard.start()
        try:
            status = process.wait()
        finally:
            guard.cancel()
        if check and status:
            errors.seek(0)
            raise RuntimeError(
                f"{command[0]} ended with {status}: {errors.read()[-500:].decode(errors='replace')}"
            )


def judged(measure: Callable[[], Iterable[Result]]) -> Iterator[Result]:
    """The results of *measure*; a line that misses its limit is measured twice more, and the middle one counts.

    A single miss on a machine with other work says little; two of three say that the limit is missed.
    """
    missed: dict[str, list[Result]] = {}
    for one in measure():
        if one.kept is False and not quick:
            missed[one.name] = [one]
        else:
            yield one
    if not missed:
        return
    for _ in range(2):
        for one in measure():
            if one.name in missed:
                missed[one.name].append(one)
    for several in missed.values():
        several.sort(key=lambda one: one.value if one.ratio is None else one.ratio)
        middle = several[len(several) // 2]
        yield replace(middle, note="; ".join(filter(None, (middle.note, "the middle of three measurements"))))


def timed(work: Callable[[], object], repeat: int = 1) -> float:
    """Seconds of one call of *work*, the mean of *repeat* calls in a row, without the garbage collector's turns."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        begin = time.perf_counter()
        for _ in range(repeat):
            work()
        return (time.perf_counter() - begin) / repeat
    finally:
        if was_on:
            gc.enable()


def pairs(
    subject: Callable[[], object], floor: Callable[[], object], *, rounds: int = ROUNDS, repeat: int = 1
) -> tuple[list[float], list[float]]:
    """Seconds of subject and floor, measured in turns after one warm-up of each; who begins alternates."""
    if rounds < ROUNDS:
        raise ValueError(f"a median needs at least {ROUNDS} rounds, not {rounds}")
    if not quick:
        subject()
        floor()
    subjects: list[float] = []
    floors: list[float] = []
    for number in range(1 if quick else rounds):
        order = [(subject, subjects), (floor, floors)]
        for work, seconds in order if number % 2 else reversed(order):
            seconds.append(timed(work, repeat))
    return subjects, floors


def against_floor(
    name: str,
    subject: Callable[[], object],
    floor: Callable[[], object],
    *,
    rounds: int = ROUNDS,
    repeat: int = 1,
    most: float | None = None,
    note: str = "",
) -> Result:
    """How many times the floor the subject takes: the median of the ratios of the pairs, which shared their minute."""
    subjects, floors = pairs(subject, floor, rounds=rounds, repeat=repeat)
    ratio = statistics.median(one / other for one, other in zip(subjects, floors, strict=True))
    return Result(
        name,
        "ms",
        statistics.median(subjects) * 1000,
        statistics.median(floors) * 1000,
        ratio,
        most=most,
        note=note,
    )


def per_second(
    name: str,
    work: Callable[[], object],
    count: int,
    *,
    unit: str = "APDU/s",
    floor: Callable[[], object] | None = None,
    rounds: int = ROUNDS,
    least: float | None = None,
    note: str = "",
) -> Result:
    """The rate of *work*, which does *count* things a call.

    A floor, when given, does the same count of things and is printed beside it.
    """
    if floor is None:
        work()
        rate = count / statistics.median(timed(work) for _ in range(1 if quick else rounds))
        return Result(name, unit, rate, least=least, note=note)
    subjects, floors = pairs(work, floor, rounds=rounds)
    rate, floor_rate = count / statistics.median(subjects), count / statistics.median(floors)
    return Result(name, unit, rate, floor_rate, rate / floor_rate, least=least, note=note)


def rate_against(
    name: str,
    work: Callable[[], object],
    floor: Callable[[], object],
    count: int,
    *,
    unit: str = "APDU/s",
    rounds: int = ROUNDS,
    most: float | None = None,
    note: str = "",
) -> Result:
    """The rates of *work* and *floor*, which do *count* things a call; the ratio and its limit are of their durations."""
    subjects, floors = pairs(work, floor, rounds=rounds)
    ratio = statistics.median(one / other for one, other in zip(subjects, floors, strict=True))
    return Result(
        name,
        unit,
        count / statistics.median(subjects),
        count / statistics.median(floors),
        ratio,
        most=most,
        note=note,
    )


def median_of(
    name: str,
    work: Callable[[], object],
    *,
    rounds: int = ROUNDS,
    repeat: int = 1,
    most: float | None = None,
    note: str = "",
) -> Result:
    """The median time of one call in milliseconds; ``most`` is in milliseconds too."""
    work()
    milliseconds = statistics.median(timed(work, repeat) for _ in range(1 if quick else rounds)) * 1000
    return Result(name, "ms", milliseconds, most=most, note=note)


def table(results: Iterable[Result]) -> Iterator[str]:
    """The lines of a plain table, the widths known beforehand so that each line can be printed as it comes."""
    yield f"{'':46} {'median':>12} {'floor':>12} {'ratio':>7}  limit"
    for one in results:
        floor = "" if one.floor is None else f"{one.floor:,.3f}" if one.floor < 1000 else f"{one.floor:,.0f}"
        value = f"{one.value:,.3f}" if one.value < 1000 else f"{one.value:,.0f}"
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        limit = "" if one.kept is None else f"{_limit(one)}: {'kept' if one.kept else 'MISSED'}"
        tail = "; ".join(part for part in (limit, one.note) if part)
        yield f"{one.name:46} {value:>12} {floor:>12} {ratio:>7}  {one.unit}{'; ' if tail else ''}{tail}"


def _limit(one: Result) -> str:
    if one.most is not None:
        return f"at most {one.most:,g}"
    return f"at least {one.least:,g}"
