"""Engines: each applies a function to many values and gives the results in their order, wherever it computes them.

The function must be importable by its name and give the same result for the same value: then all engines give the same, and
what a worker had begun when it died is simply done again by another.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, TypeVar

from bifente.fse.errors import FseError

T = TypeVar("T")
R = TypeVar("R")


class ScaleError(FseError):
    """An engine that cannot be had, or that lost all that could compute."""

    kind = "unavailable.scale"


class Engine(AbstractContextManager["Engine"], Protocol):
    """Something that computes."""

    @property
    def name(self) -> str:
        """For a person: what computes, and with how many."""

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """``function(item)`` for each of *items*, in their order. What a call raises is raised here, at its place."""


class SerialEngine(AbstractContextManager["SerialEngine"]):
    """This process, one after the other."""

    name = "this process"

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """See :meth:`Engine.map`."""
        return map(function, items)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class ProcessEngine(AbstractContextManager["ProcessEngine"]):
    """Processes on this machine; they are started for each :meth:`map`. *workers*: as many as there are cores when None."""

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or cores()

    @property
    def name(self) -> str:
        """``2 processes``."""
        return f"{self.workers} processes"

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """See :meth:`Engine.map`. Raises ScaleError when a process dies: nothing can be said of what it was doing."""
        from concurrent.futures import ProcessPoolExecutor
        from concurrent.futures.process import BrokenProcessPool
        from multiprocessing import get_context

        # Not by fork: a process that has threads (a reader, a database) must not be copied.
        with ProcessPoolExecutor(self.workers, mp_context=get_context("spawn")) as pool:
            try:
                yield from pool.map(function, items, chunksize=chunk(len(items), self.workers))
            except BrokenProcessPool as error:
                raise ScaleError("a process that computed was ended from outside") from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def chunk(items: int, workers: int) -> int:
    """How many items go to a worker at once: enough to make the way worth it, few enough to share the end."""
    return max(1, min(64, items // (workers * 4)))
