"""The other side of the post in tests of the surgery: takes files, answers what it is told to. It judges nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from types import MappingProxyType

from bifente.codes.nir import Nir
from bifente.fse.lots.files import ReceivedFile, ReceivedLot, read_lot_file
from bifente.fse.noemie import Correspondent, FileIdentity
from bifente.fse.post import (
    ARL,
    B2_TEST,
    EDI_CONSENT,
    LOT,
    NOEMIE,
    Letter,
    MaildirPost,
    Part,
    message_id,
    open_letter,
    pack,
)
from bifente.fse.returns.arl import Arl, ArlCode, LotTreatment, write_arl, write_treatment
from bifente.fse.returns.outcomes import InvoiceOutcome, PartOutcome
from bifente.fse.returns.rejectcodes import reason
from bifente.fse.returns.rsp import Rsp, write_rsp
from bifente.igc import IssuedCaisse, caisse_address

CABINET = "cabinet@ps.rss.test"


@dataclass
class FarCaisse:
    """A caisse with its box. ``received`` has each mail that came: Message-ID and file, twice when it came twice."""

    issued: IssuedCaisse
    post: MaildirPost
    received: list[tuple[str, ReceivedFile]] = field(default_factory=list)
    now: datetime = datetime(2026, 3, 3, 12, tzinfo=UTC)
    _answers: int = 0

    @property
    def address(self) -> str:
        return caisse_address(self.issued.regime, self.issued.caisse)

    def receive(self) -> list[ReceivedFile]:
        """Take what came."""
        found = []
        for delivered in self.post.fetch():
            letter = open_letter(delivered.message, self.issued.key, self.issued.certificate)
            (b2,) = [part.content for part in letter.parts if part.description == B2_TEST]
            file = read_lot_file(b2, [part.content for part in letter.parts if part.description == LOT])
            self.received.append((message_id(delivered.message), file))
            found.append(file)
            self.post.done(delivered.id)
        return found

    def arl(
        self,
        file: ReceivedFile,
        lot: ReceivedLot,
        codes: Sequence[str] = (),
        changes: Mapping[str, object] = MappingProxyType({}),
    ) -> bytes:
        """The ARL of a lot: negative when there are codes and the first is an L."""
        values: dict[str, object] = {
            "file_id": file.identification,
            "professional": lot.content.manifest.professional,
            "lot": lot.number,
            "positive": not (codes and codes[0].startswith("L")),
            "codes": tuple(map(ArlCode.of, codes)),
            "lot_digest": sha256(lot.signed).hexdigest(),
            "issued": self.now,
            "caisse": self.issued.regime + self.issued.caisse,
        }
        return write_arl(Arl(**{**values, **changes}), self.issued.signer)  # type: ignore[arg-type]

    def treatment(self, file: ReceivedFile, lot: ReceivedLot) -> bytes:
        """*En traitement caisse*."""
        codes = (ArlCode.of("P01"),)
        about = (file.identification, lot.content.manifest.professional, lot.number, codes)
        caisse = self.issued.regime + self.issued.caisse
        told = LotTreatment(*about, sha256(lot.signed).hexdigest(), self.now, caisse)
        return write_treatment(told, self.issued.signer)

    def rsp(self, lot: ReceivedLot, paid: dict[int, int | None]) -> bytes:
        """The RSP: invoice → cents that are paid of 2100, None for a rejected one."""
        professional = lot.content.manifest.professional
        outcomes = []
        for number, cents in paid.items():
            part = PartOutcome.rejected(2100) if cents is None else PartOutcome.settled(2100, cents)
            codes = (reason("0250 050").of(),) if cents is None else ()
            nir = str(Nir.with_key("2801399999999"))
            outcomes.append(
                InvoiceOutcome(number, lot.number, lot.content.manifest.day, nir, part, codes=codes)
            )
        self._answers += 1
        who = Correspondent("CP", "00000000013499"), Correspondent("TP", professional)
        identity = FileIdentity(*who, f"{self._answers:06}", date(2026, 3, 9))
        rsp = Rsp(
            identity, professional, date(2026, 3, 9), "VIREMENT 4711", "CPAM 349", outcomes=tuple(outcomes)
        )
        return write_rsp(rsp)

    def mail(self, *parts: tuple[str, bytes], subject: str = "retour", again: int = 0) -> bytes:
        """A letter to the surgery."""
        named = [
            Part(f"retour{n}.bin", EDI_CONSENT, kind, content) for n, (kind, content) in enumerate(parts)
        ]
        when = self.now.replace(second=again)
        return pack(Letter(self.address, CABINET, subject, tuple(named), when))

    def answer(self, *parts: tuple[str, bytes], again: int = 0) -> None:
        """Send it."""
        self.post.send(self.mail(*parts, again=again), sender=self.address, recipient=CABINET)

    def acknowledge(self, codes: Sequence[str] = ()) -> None:
        """Receive all, and answer each lot alike."""
        for file in self.receive():
            self.answer(*((ARL, self.arl(file, lot, codes)) for lot in file.lots))

    def pay(self, lot: ReceivedLot, paid: dict[int, int | None]) -> None:
        """Send an RSP."""
        self.answer((NOEMIE, self.rsp(lot, paid)))
