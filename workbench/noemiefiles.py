"""NOEMIE files looked at: checked, and put in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bifente.documents import open_stream
from bifente.fse.noemie import Entity, NoemieFinding, PlacedEntity, RuleBasis, check, entities_of
from bifente.fse.noemie.findings import EntityPlace
from bifente.fse.noemie.nesting import DEPTHS, Nesting
from bifente.fse.noemie.words import EntityWords, entity_in_words


@dataclass(frozen=True, slots=True)
class ShownEntity:
    """An entity, where it stands, how deep it lies in the tree of the file, and its fields."""

    entity: Entity
    place: EntityPlace
    depth: int
    fields: tuple[EntityWords, ...]


def noemie_findings(path: Path) -> Iterator[NoemieFinding]:
    """What is wrong with the file at *path*, in its order. Raises NotNoemie, OSError, DocumentError."""
    with open_stream(path) as stream:
        yield from check(stream)


def noemie_in_words(path: Path) -> Iterator[ShownEntity | NoemieFinding]:
    """The entities of the file at *path* in words, and what is wrong with its structure; fields are not judged here.

    Raises NotNoemie, OSError, DocumentError.
    """
    nesting = Nesting()
    with open_stream(path) as stream:
        for found in entities_of(stream):
            if isinstance(found, NoemieFinding):
                yield found
            else:
                yield _shown(found, nesting)


def _shown(found: PlacedEntity, nesting: Nesting) -> ShownEntity:
    entity = found.entity
    if not entity.layout.delimited:
        depth = 0
    elif entity.number == "990":
        closed = nesting.close(entity.value("identification"))
        depth = len(nesting.open) if closed is not None else 1
    else:
        nesting.enter(entity)
        depth = len(nesting.open) + (entity.number not in DEPTHS)
    return ShownEntity(entity, found.place, depth, tuple(entity_in_words(entity)))


def noemie_finding_values(finding: NoemieFinding) -> dict[str, object]:
    """A finding as plain values."""
    return {
        "entity": finding.entity,
        "ordinal": finding.place.ordinal,
        "block": finding.place.block,
        "byte": finding.place.byte,
        "field": finding.field,
        "rule": finding.rule,
        "value": finding.value,
        "message": finding.message,
        "basis": finding.basis.value,
    }


def noemie_entity_values(shown: ShownEntity) -> dict[str, object]:
    """An entity as plain values: raw characters and their meaning by the names of the fields."""
    return {
        "entity": shown.entity.number,
        "title": shown.entity.layout.title,
        "level": shown.entity.value("level") if shown.entity.layout.delimited else "",
        "depth": shown.depth,
        "ordinal": shown.place.ordinal,
        "block": shown.place.block,
        "byte": shown.place.byte,
        "fields": {
            one.field.name: {"label": one.field.label, "value": one.text, "meaning": one.meaning}
            for one in shown.fields
        },
    }


def is_reading(finding: NoemieFinding) -> bool:
    """The finding rests on our reading of what is not public."""
    return finding.basis is RuleBasis.READING
