"""B2 files of lots, and back.

A file goes to one grand régime and caisse (``spec/fse.md`` §1.1); its records are 000, the lots, 999. Beside it travel the
signed lots (:mod:`bifente.fse.lots.signedlot`), which hold the sheets.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final

from bifente.crypto.cms import Signer
from bifente.fse.b2.errors import B2Error
from bifente.fse.b2.fields import day_of
from bifente.fse.b2.files import read_file
from bifente.fse.b2.record import B2Row
from bifente.fse.b2.records import build_row as row
from bifente.fse.lots.records import NORM, certification_zone, lot_rows
from bifente.fse.lots.signedlot import LotRefused, SignedLot, read_signed_lot, sign_lot
from bifente.fse.lots.values import Lot, LotError, LotFile, check_file_id
from bifente.fse.sheet.model import BillingSituation

_PROFESSIONAL: Final = "TP"
_CAISSE: Final = "CP"
_COMPLEMENTARY: Final = "OC"
"""*Organisme complémentaire*: the code of NOEMIE (§2.2); that of a DRE is not public."""
_APPLICATION: Final = "TR"
"""Types of sender and receiver, and the application, as record 000 of the worked example has them (§1.3)."""


def lot_file(
    lots: Sequence[Lot],
    identification: str,
    created: date,
    signer: Signer,
    *,
    marking: str = "T",
    signing: BillingSituation | None = None,
) -> LotFile:
    """The file of *lots*, each signed by *signer*: all of one professional, for one caisse, with different numbers.

    *signing* is the situation in which another holder signs than the professional. Raises LotError, B2Error, and whatever the
    signer raises.
    """
    check_file_id(identification)
    if not lots:
        raise LotError("a file of no lot")
    first = lots[0]
    for lot in lots[1:]:
        if (lot.receiver, lot.professional) != (first.receiver, first.professional):
            raise LotError(
                f"lots {first.number} and {lot.number} go to {first.receiver} from {first.professional} and to "
                f"{lot.receiver} from {lot.professional}: one file has one sender and one receiver"
            )
    if len({lot.number for lot in lots}) != len(lots):
        raise LotError("two lots of one file have the same number")
    signed = tuple(sign_lot(lot, identification, signer, marking=marking, signing=signing) for lot in lots)
    rows = [*_rows(lots, signed, identification, created, marking)]
    b2 = b"".join(one.raw for one in rows)
    return LotFile(identification, first.organisme, b2, signed, first.complementary)


def _rows(
    lots: Sequence[Lot], signed: Sequence[bytes], identification: str, created: date, marking: str
) -> Iterator[B2Row]:
    first = lots[0]
    ends = {
        "type_emetteur": _PROFESSIONAL,
        "numero_emetteur": first.professional,
        "type_destinataire": _COMPLEMENTARY if first.complementary else _CAISSE,
        "numero_destinataire": (first.complementary or first.organisme.caisse).zfill(14),
        "application": _APPLICATION,
        "identification": identification,
    }
    yield row(NORM, "000", **ends, date_creation=created, norme=NORM)
    count = 2
    for lot, its in zip(lots, signed, strict=True):
        for one in lot_rows(lot, its, marking=marking):
            count += 1
            yield one
    yield row(NORM, "999", **ends, volume=count, nombre_lots=len(lots))


@dataclass(frozen=True, slots=True)
class ReceivedLot:
    """A lot of a file that came: its records as they stand, and the signed lot that belongs to them."""

    rows: tuple[B2Row, ...]
    signed: bytes
    content: SignedLot

    @property
    def number(self) -> int:
        """From 1 to 999."""
        return self.content.manifest.lot


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that came, and its lots: each is signed by the certificate in it, and its records are those that were signed.

    ``sender`` and ``receiver`` are the numbers of record 000 (14 characters).
    """

    identification: str
    sender: str
    receiver: str
    created: date | None
    lots: tuple[ReceivedLot, ...]


def read_lot_file(b2: bytes, signed_lots: Sequence[bytes]) -> ReceivedFile:
    """The file and its signed lots, which may come in any order.

    Raises B2Error for what is not a B2 file, LotRefused when a lot has no signature, when a signed lot has no records, and
    when the two contradict one another.
    """
    file = read_file(b2)
    if not file.lots:
        raise B2Error("a file without lots")
    by_zone = {certification_zone(signed): signed for signed in signed_lots}
    lots = []
    for lot in file.lots:
        rows = tuple(lot.rows())
        signed = by_zone.pop(rows[-1].text("zone_certification").strip(), None)
        if signed is None:
            raise LotRefused(
                "unsigned", f"lot {lot.header.text('numero_lot')}: no signed lot belongs to its records"
            )
        content = read_signed_lot(signed)
        check_rows(rows, content)
        lots.append(ReceivedLot(rows, signed, content))
    if by_zone:
        raise LotRefused("records", f"{len(by_zone)} signed lots without records in the file")
    head = file.header
    identification = head.text("identification").strip()
    for one in lots:
        if one.content.manifest.file != identification:
            raise LotRefused(
                "file",
                f"lot {one.number} was signed for file {one.content.manifest.file}, this is {identification}",
            )
    return ReceivedFile(
        identification=identification,
        sender=head.text("numero_emetteur"),
        receiver=head.text("numero_destinataire").strip(),
        created=day_of(head.text("date_creation")),
        lots=tuple(lots),
    )


def check_rows(rows: Sequence[B2Row], content: SignedLot) -> None:
    """Raise LotRefused unless the records of a lot are those that were signed."""
    digest = sha256()
    for one in rows[:-1]:
        digest.update(one.raw)
    zone, trailer = rows[-1].record["zone_certification"], rows[-1].raw
    digest.update(trailer[: zone.first - 1] + b" " * zone.width + trailer[zone.last :])
    if digest.hexdigest() != content.manifest.records:
        raise LotRefused(
            "records", f"lot {content.manifest.lot}: its B2 records are not those that were signed"
        )
