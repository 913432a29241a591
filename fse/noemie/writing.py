"""A NOEMIE file as a value: its header, its entities, its trailer; its bytes, and back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Final

from bifente.fse.noemie.blocks import BLOCK, PAYLOAD
from bifente.fse.noemie.check import judged
from bifente.fse.noemie.entities import HEADER, TRAILER
from bifente.fse.noemie.errors import EntityRefused, NoemieRefused
from bifente.fse.noemie.findings import NoemieFinding
from bifente.fse.noemie.layout import Entity
from bifente.fse.noemie.nesting import Nesting, with_controls

_MOST_LOTS: Final = 999
_MOST_CENTS: Final = 10**11 - 1


@dataclass(frozen=True, slots=True)
class Correspondent:
    """One side of the exchange: ``kind`` is one of CORRESPONDENTS (``CP``, ``TP`` …), ``number`` up to 14 digits."""

    kind: str
    number: str
    program: str = ""


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What header and trailer say of a file. ``reference`` is one of REFERENCES, ``flow`` one of FLOWS."""

    sender: Correspondent
    recipient: Correspondent
    file_id: str
    created: date
    reference: str = "576"
    version: str = ""
    flow: str = "T"

    @classmethod
    def of(cls, header: Entity) -> "FileIdentity":
        """What the entity 000 says. Raises EntityRefused without a date of creation."""
        created = header.day("created")
        if created is None:
            raise EntityRefused(f"entity 000: created: {header.value('created')!r} is not a date AAMMJJ")
        return cls(
            Correspondent(
                header.value("sender_type"), header.value("sender"), header.value("sender_program")
            ),
            Correspondent(
                header.value("recipient_type"), header.value("recipient"), header.value("recipient_program")
            ),
            header.value("file_id"),
            created,
            header.value("reference"),
            header.value("version"),
            header.value("flow"),
        )

    def header(self) -> Entity:
        """The entity 000. Raises EntityRefused."""
        return HEADER.build(
            **self._both_ends(),
            created=self.created,
            reference=self.reference,
            version=self.version,
            encryption="N",
            currency="U",
            record_length=BLOCK,
        )

    def trailer(self, records: int, lots: int, total: int) -> Entity:
        """The entity 999; *total* is in cents, with its sign. Raises EntityRefused."""
        return TRAILER.build(
            **self._both_ends(), records=records, lots=lots, total=abs(total), sign="N" if total < 0 else "P"
        )

    def _both_ends(self) -> dict[str, str]:
        return {
            "sender_type": self.sender.kind,
            "sender": self.sender.number,
            "sender_program": self.sender.program,
            "recipient_type": self.recipient.kind,
            "recipient": self.recipient.number,
            "recipient_program": self.recipient.program,
            "file_id": self.file_id,
            "flow": self.flow,
        }


@dataclass(frozen=True, slots=True)
class NoemieFile:
    """A whole file. ``entities`` are those between header and trailer, the 990 among them."""

    header: Entity
    entities: tuple[Entity, ...]
    trailer: Entity

    @classmethod
    def of(cls, identity: FileIdentity, entities: Iterable[Entity]) -> "NoemieFile":
        """The file around *entities*, which have no 990 yet: those and the totals of 999 are made here.

        Raises EntityRefused for what a file cannot hold.
        """
        nesting = Nesting()
        inner = tuple(with_controls(entities, nesting))
        if nesting.lots > _MOST_LOTS:
            raise EntityRefused(f"a file has at most {_MOST_LOTS} lots, not {nesting.lots}")
        records = len(_payload_blocks(inner)) + 2
        return cls(identity.header(), inner, identity.trailer(records, nesting.lots, nesting.total))


def write_file(file: NoemieFile) -> bytes:
    """The blocks of 128 characters, one after the other."""
    blocks = _payload_blocks(file.entities)
    return (file.header.text + "".join(blocks) + file.trailer.text).encode("ascii")


def _payload_blocks(entities: Iterable[Entity]) -> list[str]:
    """The blocks between header and trailer; there is always one, so that one has the flag of the last."""
    payload = "".join(entity.text for entity in entities)
    starts = range(0, max(len(payload), 1), PAYLOAD)
    blocks = ["0" + payload[start : start + PAYLOAD] for start in starts]
    blocks[-1] = "1" + blocks[-1][1:].ljust(PAYLOAD)
    return blocks


def read_file(content: bytes) -> NoemieFile:
    """The file in *content*, compressed or not. Raises NotNoemie, and NoemieRefused with the first thing that is wrong with it."""
    entities = []
    for found in judged(BytesIO(content)):
        if isinstance(found, NoemieFinding):
            raise NoemieRefused(found.line())
        entities.append(found.entity)
    header, *inner, trailer = entities
    return NoemieFile(header, tuple(inner), trailer)
