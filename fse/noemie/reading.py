"""Entities out of blocks: a stream that goes on after whatever is wrong, and says what that was.

Memory does not grow with the file. :func:`entities_of` never fails on a file that begins as a NOEMIE file does.
"""

from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from bifente.fse.noemie.blocks import BLOCK, NoemieBlock, blocks_of
from bifente.fse.noemie.entities import ENTITIES, HEADER, TRAILER
from bifente.fse.noemie.errors import NotNoemie
from bifente.fse.noemie.findings import EntityPlace, NoemieFinding
from bifente.fse.noemie.layout import DELIMITER, Entity

_LONGEST: Final = 1024
"""Characters without a delimiter after which none is awaited any more: the longest entity has 153."""
_EBCDIC_ZEROS: Final = b"\xf0\xf0\xf0".decode("latin-1")


@dataclass(frozen=True, slots=True)
class PlacedEntity:
    """An entity and where it stands in its file."""

    entity: Entity
    place: EntityPlace


Scanned = PlacedEntity | NoemieFinding
"""What reading a file gives, in the order of the file."""


def entities_of(stream: BinaryIO) -> Iterator[Scanned]:
    """The entities of a file, header and trailer among them, and what is wrong with its structure.

    What is in an entity is not judged here. Raises NotNoemie for what does not begin with the entity 000; OSError of
    *stream*.
    """
    return _Scanner().run(stream)


class _Scanner:
    """One pass through one file."""

    def __init__(self) -> None:
        self._pending = ""
        self._starts: deque[tuple[int, NoemieBlock, int]] = deque()
        """Where the characters of each block begin in the payload, and behind how many characters of the block."""
        self._consumed = 0
        self._received = 0
        self._ordinal = 0
        self._blocks = 0

    def run(self, stream: BinaryIO) -> Iterator[Scanned]:
        previous: NoemieBlock | None = None
        ended = False
        for found in blocks_of(stream):
            if isinstance(found, NoemieFinding):
                if found.rule == "file" and self._blocks == 0:
                    raise NotNoemie(found.message)
                yield found
                continue
            self._blocks = found.number
            if found.number == 1:
                yield self._header(found)
                continue
            if previous is not None:
                ended = yield from self._inner(previous, ended, last=False)
            previous = found
        if self._blocks == 0:
            raise NotNoemie("the file is empty")
        if previous is not None and previous.text.startswith(TRAILER.number):
            if not ended:
                yield self._about(
                    previous, "flag", previous.text[:1], "no block has the flag 1, of the last one"
                )
            yield from self._rest()
            self._ordinal += 1
            yield PlacedEntity(Entity(TRAILER, previous.text), self._place(previous))
            return
        if previous is not None:
            yield from self._inner(previous, ended, last=True)
        yield from self._rest()
        place = EntityPlace(self._ordinal, self._blocks, self._blocks * BLOCK)
        yield NoemieFinding(
            place, "", "", "trailer", "", "the file does not end with the entity 999: it may be cut"
        )

    def _header(self, block: NoemieBlock) -> PlacedEntity:
        if not block.text.startswith(HEADER.number):
            if block.text.startswith(_EBCDIC_ZEROS):
                raise NotNoemie("the file is in EBCDIC, which is not read: convert it to ASCII")
            raise NotNoemie("the file does not begin with the entity 000 of a NOEMIE file")
        self._ordinal = 1
        return PlacedEntity(Entity(HEADER, block.text), self._place(block))

    def _inner(self, block: NoemieBlock, ended: bool, *, last: bool) -> Generator[Scanned, None, bool]:
        """Take in one block; returns whether the stream has ended with it."""
        flag, text = block.text[0], block.text[1:]
        if ended and block.text.startswith((TRAILER.number, HEADER.number)):
            what = "blocks follow the entity 999" if flag == "9" else "another file begins here"
            yield self._about(
                block, "order", block.text[:3], f"{what}: one file has one header and one trailer"
            )
            return True
        if ended:
            yield self._about(
                block, "order", flag, "a block follows the one with the flag 1, and is not the entity 999"
            )
        elif flag not in "01":
            yield self._about(block, "flag", flag, "the flag of a block is 0 or 1")
        if flag == "1" or last:
            text = text.rstrip(" ")
        if text:
            self._starts.append((self._received, block, 1))
        self._pending += text
        self._received += len(text)
        yield from self._cut(final=False)
        return ended or flag == "1"

    def _cut(self, *, final: bool) -> Iterator[Scanned]:
        """All entities that are whole in what was received."""
        while self._pending:
            blanks = len(self._pending) - len(self._pending.lstrip(" "))
            if blanks:
                if blanks == len(self._pending) and not final:
                    return
                yield self._finding("", "order", "", f"{blanks} blanks stand between two entities")
                self._consume(blanks)
                continue
            length = self._length(final=final)
            if length == 0:
                return
            text = self._pending[:length]
            layout = ENTITIES.get(text[:3])
            place = self._next_place()
            if layout is None or not layout.delimited:
                yield NoemieFinding(
                    place, text[:3], "", "type", text[:40], "this type of entity is not known here"
                )
            else:
                if not text.endswith(DELIMITER):
                    yield NoemieFinding(
                        place,
                        text[:3],
                        "",
                        "delimiter",
                        text[-10:],
                        f"the entity does not end with {DELIMITER}",
                    )
                elif DELIMITER in text[:-1]:
                    yield NoemieFinding(
                        place, text[:3], "", "delimiter", "", f"{DELIMITER} stands inside the entity too"
                    )
                yield PlacedEntity(Entity(layout, text), place)
            self._consume(length)

    def _length(self, *, final: bool) -> int:
        """How many characters belong to the entity at the beginning; 0 when that is not known yet.

        A comment may hold the delimiter (an e-mail address): where the first one comes too soon, is not followed by an
        entity, and one stands where the layout has it, the entity goes on to there.
        """
        pending = self._pending
        end = pending.find(DELIMITER) + 1
        layout = ENTITIES.get(pending[:3])
        declared = layout.length if layout is not None and layout.delimited else 0
        if end == 0:
            return len(pending) if final or len(pending) > _LONGEST else 0
        if end >= declared:
            return end
        if len(pending) < declared:
            return end if final or pending[end : end + 3] in ENTITIES else 0
        if pending[declared - 1] == DELIMITER and pending[end : end + 3] not in ENTITIES:
            return declared
        return end

    def _rest(self) -> Iterator[Scanned]:
        yield from self._cut(final=True)

    def _consume(self, length: int) -> None:
        self._pending = self._pending[length:]
        self._consumed += length
        while len(self._starts) > 1 and self._starts[1][0] <= self._consumed:
            self._starts.popleft()

    def _here(self) -> tuple[int, int]:
        """Block and byte of the first character that is not taken yet."""
        start, block, before = self._starts[0]
        return block.number, block.byte + before + self._consumed - start

    def _next_place(self) -> EntityPlace:
        self._ordinal += 1
        return EntityPlace(self._ordinal, *self._here())

    def _place(self, block: NoemieBlock) -> EntityPlace:
        return EntityPlace(self._ordinal, block.number, block.byte)

    def _finding(self, entity: str, rule: str, value: str, message: str) -> NoemieFinding:
        return NoemieFinding(EntityPlace(self._ordinal, *self._here()), entity, "", rule, value, message)

    def _about(self, block: NoemieBlock, rule: str, value: str, message: str) -> NoemieFinding:
        return NoemieFinding(self._place(block), "", "", rule, value, message)
