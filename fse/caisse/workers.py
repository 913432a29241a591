"""Lots looked at in several processes: signatures and prices are most of a caisse's work, and depend on nothing that came before.

A worker gets a file and its signed lots, and gives dossiers; it holds no key of the caisse and sees no store.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from multiprocessing import get_context
from secrets import token_hex
from types import TracebackType
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bifente.fse.caisse.errors import CaisseError
from bifente.fse.caisse.evidence import Examiner, LotEvidence, examined
from bifente.fse.caisse.prices import TariffPricer
from bifente.fse.scale import ScaleError, engine_for
from bifente.fse.scale.cluster import ClusterResult, DaskEngine
from bifente.igc import TrustStore
from bifente.igc.status import StatusSettings


@dataclass(frozen=True, slots=True)
class ExaminerSettings:
    """What a worker makes its examiner of: certificates (DER), a trust store with the CV roots and secret sheet keys only, the tariff."""

    anchors: tuple[bytes, ...]
    intermediates: tuple[bytes, ...]
    cv_roots: TrustStore
    pricer: TariffPricer | None
    status: StatusSettings | None = None
    """Who is asked for revoked certificates; the folders are read by the worker too."""

    @classmethod
    def of(
        cls, trust: TrustStore, pricer: TariffPricer | None, status: StatusSettings | None = None
    ) -> "ExaminerSettings":
        """Those of an examiner with this trust and tariff, who asks for revoked certificates as *status* says."""
        return cls(
            tuple(one.public_bytes(Encoding.DER) for one in trust.anchors),
            tuple(one.public_bytes(Encoding.DER) for one in trust.intermediates),
            TrustStore((), (), trust.cv_roots, trust.sheet_keys),
            pricer,
            status,
        )

    def made(self) -> Examiner:
        """The examiner."""
        trust = TrustStore(
            tuple(map(x509.load_der_x509_certificate, self.anchors)),
            tuple(map(x509.load_der_x509_certificate, self.intermediates)),
            self.cv_roots.cv_roots,
            self.cv_roots.sheet_keys,
        )
        if self.status is None:
            return Examiner(trust, pricer=self.pricer)
        return Examiner(trust, self.status.made(), self.pricer)


class LotWorkers(AbstractContextManager["LotWorkers"], Protocol):
    """Whoever examines files beside the caisse, ``count`` of them at once."""

    count: int

    def submit(self, b2: bytes, signed_lots: Sequence[bytes], today: date) -> "PendingEvidence":
        """Have a file examined."""


class PendingEvidence(Protocol):
    """What is being found out."""

    def result(self) -> list[LotEvidence]:
        """Wait for it."""


class ClusterWorkers(AbstractContextManager["ClusterWorkers"]):
    """The workers of a Dask cluster, on this machine or on others; one that dies has its file examined by another."""

    def __init__(self, engine: DaskEngine, settings: ExaminerSettings) -> None:
        self.count = engine.workers
        self._engine = engine
        self._settings = engine.share(settings)
        self._key = token_hex(16)

    def submit(
        self, b2: bytes, signed_lots: Sequence[bytes], today: date
    ) -> ClusterResult[list[LotEvidence]]:
        """Have a file examined."""
        return self._engine.submit(_examined_with, self._settings, self._key, b2, tuple(signed_lots), today)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.__exit__(kind, error, trace)


class WorkerPool(AbstractContextManager["WorkerPool"]):
    """*count* processes that examine files; they live until the block ends."""

    def __init__(self, count: int, settings: ExaminerSettings) -> None:
        # not by fork: a process that has a database open must not be copied
        self._pool = ProcessPoolExecutor(count, get_context("spawn"), _prepare, (settings,))
        self.count = count

    def submit(self, b2: bytes, signed_lots: Sequence[bytes], today: date) -> "Future[list[LotEvidence]]":
        """Have a file examined."""
        return self._pool.submit(_examined, b2, tuple(signed_lots), today)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)


def lot_workers(specification: str, settings: ExaminerSettings) -> LotWorkers:
    """The workers that a person has named: ``N`` processes, or ``dask[:N]`` or ``dask:tcp://HOST:PORT``. Raises ScaleError."""
    if specification.isascii() and specification.isdigit() and 1 <= int(specification) <= 64:
        return WorkerPool(int(specification), settings)
    engine = engine_for(specification)
    if not isinstance(engine, DaskEngine):
        raise ScaleError(
            f"{specification!r} names no workers: 1 to 64 processes, dask[:N] or dask:tcp://HOST:PORT"
        )
    try:
        return ClusterWorkers(engine, settings)
    except BaseException:
        engine.__exit__(None, None, None)
        raise


def collected(future: PendingEvidence, signed_lots: Sequence[bytes]) -> list[LotEvidence]:
    """What a worker found, with the signed lots that it was given. Raises CaisseError when the worker died."""
    try:
        found = future.result()
    except BrokenProcessPool:
        raise CaisseError(
            "a process that examined lots was ended from outside",
            hint="nothing was lost: its mails are still in the box",
        ) from None
    return list(_with_lots(found, signed_lots))


def _with_lots(found: Sequence[LotEvidence], signed_lots: Sequence[bytes]) -> Iterator[LotEvidence]:
    by_digest = {sha256(signed).hexdigest(): signed for signed in signed_lots}
    for one in found:
        yield replace(one, signed=by_digest.get(one.dossier.digest))


_EXAMINER: list[Examiner] = []
"""Of this worker process; empty elsewhere."""


def _prepare(settings: ExaminerSettings) -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the caisse, which ends its workers
    _EXAMINER[:] = [settings.made()]


_BY_KEY: dict[str, Examiner] = {}
"""Of a worker of a cluster, which may serve several caisses one after the other: the last one's examiner."""


def _examined_with(
    settings: ExaminerSettings, key: str, b2: bytes, signed_lots: tuple[bytes, ...], today: date
) -> list[LotEvidence]:
    if key not in _BY_KEY:
        _BY_KEY.clear()
        _BY_KEY[key] = settings.made()
    return [replace(one, signed=None) for one in examined(b2, signed_lots, today, _BY_KEY[key])]


def _examined(b2: bytes, signed_lots: tuple[bytes, ...], today: date) -> list[LotEvidence]:
    return [replace(one, signed=None) for one in examined(b2, signed_lots, today, _EXAMINER[0])]
