"""Dask distributed as an engine: a cluster of this machine, made for the occasion, or a scheduler that runs somewhere.

Workers and scheduler run whatever code is sent to them. A cluster made here therefore listens on loopback only, and takes only
those who hold a certificate that is made for it and lives in memory (mutual TLS). Whoever names a scheduler elsewhere trusts it,
and must protect it as its own documentation says.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from types import TracebackType
from typing import Any, Final, Generic, TypeVar

from bifente.fse.scale.engines import ScaleError, chunk, cores

T = TypeVar("T")
R = TypeVar("R")

WAIT: Final = 30
"""Seconds in which a scheduler must answer."""

RETRIES: Final = 3
"""How often a part is given to another worker when the one that had it died."""


class DaskEngine(AbstractContextManager["DaskEngine"]):
    """*workers* processes of a cluster of its own, or the scheduler at *address*. Raises ScaleError."""

    def __init__(self, *, workers: int | None = None, address: str | None = None) -> None:
        try:
            distributed: Any = import_module("distributed")
        except ImportError as error:
            raise ScaleError("Dask distributed is not installed: pip install '.[scale]'") from error
        self._cluster: Any = None
        security = None
        try:
            if address is None:
                security = distributed.Security.temporary()
                self._cluster = distributed.LocalCluster(
                    n_workers=workers or cores(),
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    protocol="tls://",
                    security=security,
                    dashboard_address=None,
                    silence_logs=50,
                )
            self.client: Any = distributed.Client(
                self._cluster or address, security=security, timeout=WAIT, set_as_default=False
            )
        except (OSError, TimeoutError, ValueError) as error:
            self._close_cluster()
            raise ScaleError(f"no Dask scheduler answers at {address or 'loopback'}: {error}") from error

    @property
    def workers(self) -> int:
        """How many workers there are now, at least one."""
        return max(1, len(self.client.scheduler_info()["workers"]))

    @property
    def name(self) -> str:
        """``Dask, 2 workers``."""
        return f"Dask, {self.workers} workers"

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """See :meth:`bifente.fse.scale.engines.Engine.map`. A worker that dies costs its part being done again."""
        from distributed.scheduler import KilledWorker

        size = chunk(len(items), self.workers)
        parts = [(function, items[at : at + size]) for at in range(0, len(items), size)]
        futures = self.client.map(_apply, parts, pure=False, retries=RETRIES)
        try:
            for future in futures:
                yield from future.result()
        except KilledWorker as error:
            raise ScaleError(f"the workers died over the same part, {RETRIES + 1} times") from error
        finally:
            self.client.cancel(futures)

    def share(self, value: T) -> "Shared[T]":
        """Have *value* with every worker, for :meth:`submit`: it travels once."""
        return Shared(self.client.scatter(value, broadcast=True, hash=False))

    def submit(self, function: "Callable[..., R]", *arguments: object) -> "ClusterResult[R]":
        """Begin ``function(*arguments)``; what is :class:`Shared` among the arguments comes as the value itself."""
        passed = [one.handle if isinstance(one, Shared) else one for one in arguments]
        return ClusterResult(self.client.submit(function, *passed, pure=False, retries=RETRIES))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        self._close_cluster()

    def _close_cluster(self) -> None:
        if self._cluster is not None:
            self._cluster.close()


@dataclass(frozen=True, slots=True)
class Shared(Generic[T]):
    """A value that every worker has."""

    handle: Any


@dataclass(frozen=True, slots=True)
class ClusterResult(Generic[R]):
    """What a worker is computing."""

    future: Any

    def result(self) -> R:
        """Wait for it. Raises what the function raised; ScaleError when the workers died over it."""
        from distributed.scheduler import KilledWorker

        try:
            found: R = self.future.result()
        except KilledWorker as error:
            raise ScaleError(f"the workers died over the same part, {RETRIES + 1} times") from error
        return found


def _apply(part: tuple[Callable[[T], R], Sequence[T]]) -> list[R]:
    function, items = part
    return [function(item) for item in items]
