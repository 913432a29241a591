"""``python servedcaisse.py FOLDER POST STEP``: a caisse in a process of its own, which kills itself at a step.

Steps are what a crash could come between: each commit of the store, each mail handed over, each mail dealt with.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from bifente.apdu.cvc import CvKey
from bifente.crypto import rsa
from bifente.crypto.cms import KeySigner
from bifente.fse.caisse.centre import Caisse
from bifente.fse.caisse.evidence import Examiner
from bifente.fse.caisse.identity import CaisseIdentity
from bifente.fse.caisse.store.opening import open_engine, store_url
from bifente.fse.caisse.store.store import CaisseStore, CaisseTransaction
from bifente.fse.post import MaildirPost
from bifente.igc import TrustStore

ADDRESS = "01349@349.01.rss.test"


class Steps:
    """Counts, and kills the process at one of them."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.done = 0

    def step(self) -> None:
        self.done += 1
        if self.done == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


class SteppingStore(CaisseStore):
    """A store that may die right before and right after each commit."""

    steps: Steps

    @contextmanager
    def writing(self) -> Iterator[CaisseTransaction]:
        with super().writing() as transaction:
            yield transaction
            self.steps.step()
        self.steps.step()


class SteppingPost(MaildirPost):
    """A post that may die around each mail."""

    steps: Steps

    def send(self, message: bytes, *, sender: str, recipient: str) -> None:
        super().send(message, sender=sender, recipient=recipient)
        self.steps.step()

    def done(self, id: str) -> None:
        self.steps.step()
        super().done(id)
        self.steps.step()


def certificates(folder: Path, kind: str) -> tuple[x509.Certificate, ...]:
    found = sorted(folder.glob(f"{kind}*.der"))
    return tuple(x509.load_der_x509_certificate(path.read_bytes()) for path in found)


def main() -> None:
    """One round through the mailbox."""
    folder, post_folder, last = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    roots = (line.split() for line in (folder / "roots.txt").read_text().splitlines())
    trust = TrustStore(
        certificates(folder, "anchor"),
        certificates(folder, "issuer"),
        tuple(CvKey(car.encode(), int(n), int(e)) for car, n, e in roots),
    )
    key = rsa.load_private_pem((folder / "key.pem").read_bytes(), validate=False)
    certificate = (folder / "certificate.der").read_bytes()
    signer = KeySigner(key, certificate, ((folder / "chain.der").read_bytes(),))
    SteppingStore.steps = SteppingPost.steps = Steps(last)
    store = SteppingStore(open_engine(store_url("caisse.db", folder)))
    identity = CaisseIdentity("Caisse d'essai", frozenset({"01349"}), ADDRESS, key, certificate, signer)
    caisse = Caisse(store, identity, Examiner(trust), clock=lambda: datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    caisse.receive(SteppingPost(post_folder, ADDRESS))
    print(*sys.modules)


if __name__ == "__main__":
    main()
