"""Entities in words: what each field says, amounts in euros, dates as people write them, codes with their meaning."""

from collections.abc import Iterator
from dataclasses import dataclass

from bifente.fse.noemie.codelists import REFERENCES
from bifente.fse.noemie.layout import DELIMITER, Entity, EntityField, FieldShape, day_of

_SKIPPED = frozenset({"type", "level", "delimiter"})


@dataclass(frozen=True, slots=True)
class EntityWords:
    """One field: its declaration, the characters that stand in it, and what they mean (empty when they speak for themselves)."""

    field: EntityField
    text: str
    meaning: str

    @property
    def is_empty(self) -> bool:
        """Nothing is said: blanks, or zeros in a number that may be left out or is not an amount."""
        return not self.text.strip(" 0" if self.field.numeric and not self.field.codes else " ")


def entity_in_words(entity: Entity) -> Iterator[EntityWords]:
    """The fields of *entity* but type, level and delimiter."""
    body = entity.text.removesuffix(DELIMITER) if entity.layout.delimited else entity.text
    for field in entity.layout.fields:
        if field.name in _SKIPPED or field.first > len(body):
            continue
        text = field.of(body).rstrip(" ")
        yield EntityWords(field, text, _meaning(entity, field, text))


def _meaning(entity: Entity, field: EntityField, text: str) -> str:
    if field.codes and (text or not field.mandatory):
        return field.codes.get(text, "unknown code" if text else "")
    if field.name == "reference":
        return REFERENCES.get(text, "")
    digits = text.isascii() and text.isdigit()
    if field.shape is FieldShape.AMOUNT and digits:
        return euros(int(text))
    if field.shape is FieldShape.DATE and (day := day_of(text)) is not None:
        return f"{day:%d/%m/%Y}"
    if field.shape is FieldShape.BIRTH and digits and len(text) == 6 and text != "000000":
        return f"{text[4:]}/{text[2:4]}/{text[:2]}"
    if entity.number == "210" and field.name == "coefficient" and digits:
        return f"{int(text) // 100}.{int(text) % 100:02}"
    return ""


def euros(cents: int) -> str:
    """``21.00 €``; with a minus sign for what is taken back."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02} €"
