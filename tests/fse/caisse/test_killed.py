"""A caisse that is killed in the middle of a storm of retransmissions: nothing is lost, nothing answered in two ways."""

import signal
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from caissedesk import Centre
from cryptography.hazmat.primitives.serialization import Encoding

from bifente.crypto import rsa
from bifente.fse.caisse.prices import TariffPricer
from bifente.fse.caisse.store.statistics import status
from bifente.fse.caisse.workers import ExaminerSettings, lot_workers
from bifente.fse.lots.values import LotFile
from bifente.fse.post import ARL, MaildirPost
from bifente.fse.returns.arl import read_arl
from bifente.fse.scale import ScaleError
from bifente.fse.tariff.tables import Tables
from bifente.igc import TrustStore

LOTS, TIMES = 12, 3
SERVING = Path(__file__).parents[2] / "support" / "servedcaisse.py"


class Written:
    """What a caisse in a process of its own needs, in a folder."""

    def __init__(self, centre: Centre, folder: Path) -> None:
        self.folder = folder
        (folder / "key.pem").write_bytes(rsa.private_pem(centre.issued.key))
        (folder / "certificate.der").write_bytes(centre.issued.certificate)
        (folder / "chain.der").write_bytes(centre.issued.chain[0])
        for kind, group in (
            ("anchor", centre.examiner.trust.anchors),
            ("issuer", centre.examiner.trust.intermediates),
        ):
            for at, one in enumerate(group):
                (folder / f"{kind}{at}.der").write_bytes(one.public_bytes(Encoding.DER))
        lines = (f"{one.car.decode()} {one.n} {one.e}" for one in centre.examiner.trust.cv_roots)
        (folder / "roots.txt").write_text("\n".join(lines))

    def start(self, post: Path, die_at: int) -> "subprocess.Popen[bytes]":
        """The caisse, which kills itself (SIGKILL) at the step *die_at*: each write and each mail is one; 0: never."""
        command = [sys.executable, str(SERVING), str(self.folder), str(post), str(die_at)]
        return subprocess.Popen(command, stdout=subprocess.PIPE)


def test_a_storm_and_kills_lose_nothing(
    centre: Centre, files: Callable[..., LotFile], tmp_path: Path
) -> None:
    sent = {}
    for lot in range(1, LOTS + 1):
        file = files(lot, 100 + lot, file_id=f"FSE{lot:03}")
        sent[lot] = file
        for _ in range(TIMES):  # sealed anew each time: three mails with the same lot
            centre.send(centre.mail(file))
    centre.store.close()
    written = Written(centre, tmp_path)
    ends = []
    for die_at in (1, 3, 20, 0):
        with written.start(centre.folder, die_at) as process:
            output, _ = process.communicate(timeout=120)
        ends.append(process.returncode)
    assert ends[-1] == 0
    assert ends.count(-signal.SIGKILL) == len(ends) - 1
    loaded = output.decode().split()
    assert "bifente.fse.caisse.centre" in loaded
    foreign = ("bifente.reader", "bifente.applets", "bifente.fse.cabinet", "bifente.fse.sheet.session")
    assert [name for name in loaded if name.startswith(foreign)] == []

    answers = defaultdict(set)
    counts: Counter[int] = Counter()
    for content in centre.parts(ARL):
        arl = read_arl(content, centre.examiner.trust)
        answers[arl.lot].add(content)
        counts[arl.lot] += 1
        assert arl.positive
    assert sorted(answers) == sorted(sent)
    assert {len(one) for one in answers.values()} == {1}, "a lot was answered in two ways"
    assert set(counts.values()) == {TIMES}, "an answer was lost, or left twice as another mail"
    with centre.store.reading() as transaction:
        found = status(transaction)
    assert (found.lots_accepted, found.repeats, found.waiting_mails) == (LOTS, LOTS * (TIMES - 1), 0)
    assert [one.invoices for one in found.invoices] == [LOTS]
    assert list(MaildirPost(centre.folder, "01349@349.01.rss.test").fetch()) == []


@pytest.mark.parametrize("workers", ["1", "dask:2"])
def test_workers_give_the_same_verdicts(centre: Centre, files: Callable[..., LotFile], workers: str) -> None:
    for lot in (21, 22):
        centre.send(centre.mail(files(lot, 100 + lot)))
    b2 = files(23, 123)
    centre.send(
        centre.mail(replace(b2, signed_lots=(b2.signed_lots[0][:-1] + bytes([b2.signed_lots[0][-1] ^ 1]),)))
    )
    caisse = centre.caisse
    settings = ExaminerSettings.of(centre.examiner.trust, TariffPricer(Tables.shipped()))
    with lot_workers(workers, settings) as pool:
        caisse.workers = pool
        done = caisse.receive(centre.box)
    assert (done.accepted, done.refused) == (2, 1)
    assert {arl.lot: arl.positive for arl in centre.arls()} == {21: True, 22: True, 23: False}
    with centre.store.reading() as transaction:
        (lot,) = transaction.lots_of("991000019", 21)
    assert lot.positive


@pytest.mark.parametrize("named", ["0", "65", "-1", "two", "serial", "processes:2", "dask:0"])
def test_who_is_no_worker(named: str) -> None:
    with pytest.raises(ScaleError):
        lot_workers(named, ExaminerSettings((), (), TrustStore((), (), ()), None))
