"""kill -9 after each write and each mail: nothing is lost, and nothing is sent twice unseen.

A child does one stage of the surgery's work and kills itself at its n-th step: before each commit, before and after each mail
and each mail that is dealt with, and after every fifth statement that writes (``HYPOTHESIS_PROFILE=long``: after every one).
The surgery then goes on from what is on the disk. The sweep ends with the first n that the stage does not reach.
"""

import os
import signal
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

import pytest
from clockhands import Hands
from farcaisse import CABINET, FarCaisse
from sheetbytes import several
from sqlalchemy import event

from bifente.crypto.cms import KeySigner
from bifente.fse.cabinet import Cabinet
from bifente.fse.cabinet.inbox import Opening
from bifente.fse.cabinet.outbox import CabinetSender
from bifente.fse.post import ARL, NOEMIE, Delivered, MaildirPost, message_id
from bifente.igc import IssuedCaisse, caisse_address

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


STRIDE = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 5


class Steps:
    """Counts what is done, and kills the process at the step of a given number."""

    def __init__(self, last: int | None) -> None:
        self.last = last
        self.count = 0
        self.writes = 0

    def step(self) -> None:
        if self.count == self.last:
            os.kill(os.getpid(), signal.SIGKILL)
        self.count += 1

    def of_store(self, cabinet: Cabinet) -> None:
        engine = cabinet.store.engine

        def statement(*arguments: object) -> None:
            if str(arguments[2]).split()[0] in ("INSERT", "UPDATE", "DELETE"):
                self.writes += 1
                if self.writes % STRIDE == 0:
                    self.step()

        event.listen(engine, "after_cursor_execute", statement)
        event.listen(engine, "commit", lambda _: self.step())


class WatchedPost:
    """The Maildir post, with a step before and after each mail; what was handed over is noted outside."""

    def __init__(self, folder: Path, steps: Steps) -> None:
        self.post = MaildirPost(folder / "post", CABINET, bounces=True)
        self.notes = folder / "handed.txt"
        self.steps = steps

    def send(self, message: bytes, *, sender: str, recipient: str) -> None:
        self.steps.step()
        self.post.send(message, sender=sender, recipient=recipient)
        with self.notes.open("a") as notes:
            notes.write(message_id(message) + "\n")
        self.steps.step()

    def fetch(self) -> Iterator[Delivered]:
        return self.post.fetch()

    def done(self, id: str) -> None:
        self.steps.step()
        self.post.done(id)
        self.steps.step()


@dataclass(frozen=True)
class Surgery:
    """A folder with store and post, and what its work needs."""

    folder: Path
    signer: KeySigner
    sender: CabinetSender
    opening: Opening
    clock: Hands
    issued: dict[str, IssuedCaisse]

    def copied(self, to: Path) -> "Surgery":
        copytree(self.folder, to)
        return Surgery(to, self.signer, self.sender, self.opening, self.clock, self.issued)

    def caisses(self) -> list[FarCaisse]:
        root = self.folder / "post"
        return [
            FarCaisse(one, MaildirPost(root, caisse_address(one.regime, one.caisse)))
            for one in self.issued.values()
        ]

    def work(self, stage: "Stage", last: int | None = None) -> None:
        steps = Steps(last)
        with Cabinet.open(self.folder / "surgery.db", clock=self.clock) as cabinet:
            steps.of_store(cabinet)
            stage(self, cabinet, WatchedPost(self.folder, steps))

    def killed(self, stage: "Stage", last: int) -> bool:
        """Let a child do the work; whether it was killed at its step *last*."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside pytest's own threads
            child = os.fork()
        if child == 0:
            code = 1
            try:
                self.work(stage, last)
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            return True
        assert os.WEXITSTATUS(status) == 0, "the child failed by itself"
        return False


Stage = Callable[[Surgery, Cabinet, WatchedPost], object]

SHEETS = several((1, 2, 3), third_party=True) + several((4,), caisse="422", third_party=True)


def keep_all(_: Surgery, cabinet: Cabinet, post: WatchedPost) -> None:
    for raw in SHEETS:
        cabinet.keep(raw)


def make_lots(surgery: Surgery, cabinet: Cabinet, post: WatchedPost) -> None:
    cabinet.make_lots(surgery.signer)


def send(surgery: Surgery, cabinet: Cabinet, post: WatchedPost) -> None:
    assert cabinet.send(post, surgery.sender).failed == ()


def retransmit(surgery: Surgery, cabinet: Cabinet, post: WatchedPost) -> None:
    assert cabinet.retransmit(post, surgery.sender).failed == ()


def collect(surgery: Surgery, cabinet: Cabinet, post: WatchedPost) -> None:
    for mail in cabinet.collect(post, surgery.opening):
        assert mail.kind in ("arl", "rsp"), mail.words


def receive_and_pay(surgery: Surgery) -> None:
    for caisse in surgery.caisses():
        for file in caisse.receive():
            for lot in file.lots:
                numbers = [one.number for one in lot.content.manifest.invoices]
                caisse.answer((ARL, caisse.arl(file, lot)))
                caisse.answer((NOEMIE, caisse.rsp(lot, dict.fromkeys(numbers, 2100))))


@pytest.fixture
def surgery(
    tmp_path: Path,
    empty_store: Path,
    clock: Hands,
    lot_signer: KeySigner,
    sender: CabinetSender,
    opening: Opening,
    issued_caisses: dict[str, IssuedCaisse],
) -> Surgery:
    folder = tmp_path / "surgery"
    folder.mkdir()
    (folder / "surgery.db").write_bytes(empty_store.read_bytes())
    (folder / "handed.txt").touch()
    made = Surgery(folder, lot_signer, sender, opening, clock, issued_caisses)
    made.caisses()  # opens their boxes
    return made


def swept(surgery: Surgery, stage: Stage, check: Callable[[Surgery], str], tmp_path: Path) -> Counter[str]:
    """Kill at each step, go on, and check; the states that were found, counted."""
    found: Counter[str] = Counter()
    for last in range(2000):
        copy = surgery.copied(tmp_path / f"at{last}")
        if not copy.killed(stage, last):
            assert last > 3, "there was nothing to kill"
            print(f"{stage.__name__}: {last} kills, {dict(found)}")
            return found
        copy.work(stage)  # as a person would: the same command again
        found[check(copy)] += 1
    raise AssertionError("the stage never ends")


def whole(surgery: Surgery) -> Cabinet:
    """The store holds together, and each sheet is there once."""
    cabinet = Cabinet.open(surgery.folder / "surgery.db", clock=surgery.clock)
    report = cabinet.check_archive()
    assert report.findings == ()
    assert [sheet.number for sheet in cabinet.sheets()] == [1, 2, 3, 4]
    return cabinet


def mails(surgery: Surgery) -> Counter[str]:
    return Counter((surgery.folder / "handed.txt").read_text().split())


def test_keeping(surgery: Surgery, tmp_path: Path) -> None:
    def check(after: Surgery) -> str:
        with whole(after) as cabinet:
            assert dict(cabinet.status().sheets) == {"signed": 4}
            assert cabinet.head().seq == 4
        return "kept once"

    assert swept(surgery, keep_all, check, tmp_path)["kept once"] >= 5


def test_making_lots(surgery: Surgery, tmp_path: Path) -> None:
    surgery.work(keep_all)

    def check(after: Surgery) -> str:
        with whole(after) as cabinet:
            assert dict(cabinet.status().sheets) == {"in lot": 4}
            lots = cabinet.lots()
            assert sorted((lot.caisse, lot.number) for lot in lots) == [("349", 1), ("422", 2)]
        return "one lot for each caisse"

    assert swept(surgery, make_lots, check, tmp_path)["one lot for each caisse"] >= 5


def sent_once(after: Surgery, state: str, handings: int) -> str:
    """Each file is on its way under one Message-ID; a second handing over is in the log."""
    with whole(after) as cabinet:
        assert dict(cabinet.status().sheets) == {state: 4}
        assert cabinet.status().waiting == 0
        counts = mails(after)
        assert len(counts) == handings, "one Message-ID for each file that was to go"
        twice = sum(count - 1 for count in counts.values())
        seen = [one for one in cabinet.events(limit=1000) if one.event == "hand over again"]
        assert twice <= len(seen) <= 1
    received = [name for caisse in after.caisses() for name, _ in taken(caisse)]
    assert len(received) == len(set(received)), "the box knows a mail by its Message-ID"
    return "handed over again, and seen" if seen else "handed over once"


def taken(caisse: FarCaisse) -> list[tuple[str, object]]:
    caisse.receive()
    return list(caisse.received)  # type: ignore[arg-type]


def test_sending(surgery: Surgery, tmp_path: Path) -> None:
    surgery.work(keep_all)
    surgery.work(make_lots)
    found = swept(surgery, send, lambda after: sent_once(after, "sent", 2), tmp_path)
    assert found["handed over once"] >= 5
    assert found["handed over again, and seen"] >= 2, "no kill fell between the mail and its note"


def test_retransmitting(surgery: Surgery, tmp_path: Path) -> None:
    for stage in (keep_all, make_lots, send):
        surgery.work(stage)
    surgery.clock.turn(days=7)
    (surgery.folder / "handed.txt").write_text("")
    found = swept(surgery, retransmit, lambda after: sent_once(after, "resent", 2), tmp_path)
    assert found["handed over once"] >= 5
    assert found["handed over again, and seen"] >= 2


def test_collecting(surgery: Surgery, tmp_path: Path) -> None:
    for stage in (keep_all, make_lots, send):
        surgery.work(stage)
    receive_and_pay(surgery)

    def check(after: Surgery) -> str:
        with whole(after) as cabinet:
            assert dict(cabinet.status().sheets) == {"paid": 4}
            assert dict(cabinet.status().lots) == {"settled": 2}
            assert dict(cabinet.status().received) == {"arl": 2, "rsp": 2}
            events = [one.event for one in cabinet.events("lot", 1)]
            assert events == ["make", "send", "ARL+", "RSP for all"], "each answer counts once"
        assert list(WatchedPost(after.folder, Steps(None)).fetch()) == [], "the box is empty"
        return "paid once"

    assert swept(surgery, collect, check, tmp_path)["paid once"] >= 15
