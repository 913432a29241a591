"""A caisse with its box, and a surgery on the other side of the post."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from bifente.fse.caisse.centre import Caisse
from bifente.fse.caisse.evidence import Examiner
from bifente.fse.caisse.identity import CaisseIdentity, CaissePolicy
from bifente.fse.caisse.store.store import CaisseStore
from bifente.fse.lots.values import LotFile
from bifente.fse.post import (
    ARL,
    B2_TEST,
    EDI_CONSENT,
    LOT,
    B2Subject,
    Letter,
    MaildirPost,
    Part,
    open_letter,
    seal,
)
from bifente.fse.returns.arl import Arl, read_arl
from bifente.fse.returns.rsp import Rsp, read_rsp
from bifente.igc import IssuedCaisse
from bifente.igc.opposition import OppositionList

TODAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SURGERY, CENTRE = "durif@medical.rss.test", "01349@349.01.rss.test"


@dataclass
class Centre:
    """A caisse with its box, and the surgery on the other side of the post."""

    store: CaisseStore
    issued: IssuedCaisse
    examiner: Examiner
    folder: Path
    policy: CaissePolicy = field(default_factory=CaissePolicy)
    now: datetime = NOON
    oppositions: tuple[OppositionList, ...] = ()

    def __post_init__(self) -> None:
        self.box = MaildirPost(self.folder, CENTRE)
        self.surgery = MaildirPost(self.folder, SURGERY)

    @property
    def caisse(self) -> Caisse:
        """As it is after a start."""
        identity = CaisseIdentity(
            "Caisse d'essai",
            frozenset({"01349"}),
            CENTRE,
            self.issued.key,
            self.issued.certificate,
            self.issued.signer,
        )
        return Caisse(
            self.store,
            identity,
            self.examiner,
            self.policy,
            lambda: self.now,
            lambda: self.oppositions,
        )

    def mail(self, file: LotFile, *, reference: str = "", subject: str = "") -> bytes:
        """A sealed mail with a file."""
        parts = [Part(file.identification, EDI_CONSENT, B2_TEST, file.b2)]
        parts += [
            Part(f"lot{at}.p7m", EDI_CONSENT, LOT, signed) for at, signed in enumerate(file.signed_lots)
        ]
        subject = subject or str(B2Subject("991000019", NOON.replace(tzinfo=None), 1))
        letter = Letter(SURGERY, CENTRE, subject, tuple(parts), NOON, reference)
        return seal(letter, self.issued.certificate)

    def send(self, message: bytes) -> None:
        """The surgery hands a mail over."""
        self.surgery.send(message, sender=SURGERY, recipient=CENTRE)

    def arls(self) -> list[Arl]:
        """The ARL that came to the surgery since."""
        return [read_arl(one, self.examiner.trust) for one in self.parts(ARL)]

    def rsps(self) -> list[Rsp]:
        """The returns that came to the surgery since."""
        return [read_rsp(one) for one in self.parts("IRIS/NOEMIE")]

    def parts(self, description: str) -> list[bytes]:
        """Contents of the mails that came to the surgery since."""
        found = []
        for delivered in list(self.surgery.fetch()):
            letter = open_letter(delivered.message, None, None, plain=True)
            assert (letter.sender, letter.recipient) == (CENTRE, SURGERY)
            found += [part.content for part in letter.parts if part.description == description]
            self.surgery.done(delivered.id)
        return found
