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
from types import TracebackType

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bifente.fse.caisse.errors import CaisseError
from bifente.fse.caisse.evidence import Examiner, LotEvidence, examined
from bifente.fse.caisse.prices import TariffPricer
from bifente.igc import TrustStore


@dataclass(frozen=True, slots=True)
class ExaminerSettings:
    """What a worker makes its examiner of: certificates (DER), a trust store with the CV roots only, and the tariff."""

    anchors: tuple[bytes, ...]
    intermediates: tuple[bytes, ...]
    cv_roots: TrustStore
    pricer: TariffPricer | None

    @classmethod
    def of(cls, trust: TrustStore, pricer: TariffPricer | None) -> "ExaminerSettings":
        """Those of an examiner with this trust and tariff."""
        return cls(
            tuple(one.public_bytes(Encoding.DER) for one in trust.anchors),
            tuple(one.public_bytes(Encoding.DER) for one in trust.intermediates),
            TrustStore((), (), trust.cv_roots),
            pricer,
        )

    def made(self) -> Examiner:
        """The examiner."""
        trust = TrustStore(
            tuple(map(x509.load_der_x509_certificate, self.anchors)),
            tuple(map(x509.load_der_x509_certificate, self.intermediates)),
            self.cv_roots.cv_roots,
        )
        return Examiner(trust, pricer=self.pricer)


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


def collected(future: "Future[list[LotEvidence]]", signed_lots: Sequence[bytes]) -> list[LotEvidence]:
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


def _examined(b2: bytes, signed_lots: tuple[bytes, ...], today: date) -> list[LotEvidence]:
    return [replace(one, signed=None) for one in examined(b2, signed_lots, today, _EXAMINER[0])]
