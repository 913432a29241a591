"""Is a NOEMIE file what it should be? Structure, order, levels, each field, and the totals of 990 and 999."""

from collections.abc import Iterator
from typing import BinaryIO, Final

from bifente.codes.errors import CodeError
from bifente.codes.nir import Nir
from bifente.fse.noemie.blocks import BLOCK
from bifente.fse.noemie.codelists import REFERENCES
from bifente.fse.noemie.entities import HEADER, TRAILER
from bifente.fse.noemie.findings import EntityPlace, NoemieFinding, RuleBasis
from bifente.fse.noemie.layout import Entity, EntityField, FieldShape, day_of
from bifente.fse.noemie.nesting import Nesting
from bifente.fse.noemie.reading import PlacedEntity, Scanned, entities_of

_SAME_IN_TRAILER: Final = (
    "sender_type",
    "sender",
    "sender_program",
    "recipient_type",
    "recipient",
    "recipient_program",
    "application",
    "file_id",
    "flow",
)
"""What 999 repeats of 000."""
_SHOWN: Final = 40


def check(stream: BinaryIO) -> Iterator[NoemieFinding]:
    """What is wrong with the file, in its order; nothing when nothing is. Raises NotNoemie, OSError of *stream*."""
    return (found for found in judged(stream) if isinstance(found, NoemieFinding))


def judged(stream: BinaryIO) -> Iterator[Scanned]:
    """The entities of the file, and behind each what is wrong with it. Raises NotNoemie, OSError of *stream*."""
    judge = _Judge()
    for found in entities_of(stream):
        yield found
        if isinstance(found, PlacedEntity):
            yield from judge.look(found)


class _Judge:
    """What is known of the file so far."""

    def __init__(self) -> None:
        self._nesting = Nesting()
        self._header: Entity | None = None
        self._controls = 0
        self._invoices = 0

    def look(self, found: PlacedEntity) -> Iterator[NoemieFinding]:
        """What is wrong with the next entity, by itself and where it stands."""
        entity, place = found.entity, found.place
        yield from field_findings(entity, place)
        if entity.number == HEADER.number:
            self._header = entity
            yield from _header_findings(entity, place)
        elif entity.number == TRAILER.number:
            yield from self._trailer(entity, place)
        elif entity.number == "990":
            yield from self._order(entity, place)
            self._controls += 1
            yield from self._control(entity, place)
        else:
            yield from self._order(entity, place)
            self._invoices += entity.number in ("100", "102")
            self._nesting.enter(entity)

    def _order(self, entity: Entity, place: EntityPlace) -> Iterator[NoemieFinding]:
        missing = self._nesting.missing(entity.number)
        if missing:
            yield NoemieFinding(
                place,
                entity.number,
                "",
                "order",
                "",
                f"stands outside of {' and '.join(missing)}, within which it is expected",
                RuleBasis.READING,
            )
        parent = self._nesting.parent(entity.number)
        if parent is not None and entity.level and entity.level < parent.level:
            yield NoemieFinding(
                place,
                entity.number,
                entity.layout.by_name["level"].label,
                "level",
                f"{entity.level:02}",
                f"is above that of entity {parent.number} ({parent.level:02}), within which it stands",
                RuleBasis.READING,
            )

    def _control(self, entity: Entity, place: EntityPlace) -> Iterator[NoemieFinding]:
        closed = self._nesting.close(entity.value("identification"))
        if closed is None:
            yield NoemieFinding(place, "990", "", "order", "", "no level is open that it could close")
            return
        name = f"entity {closed.entity.number}"
        yield from _total(entity, place, "count", entity.integer("count"), closed.count, name)
        yield from _total(entity, place, "total", entity.signed("total"), closed.total, name)

    def _trailer(self, entity: Entity, place: EntityPlace) -> Iterator[NoemieFinding]:
        if self._header is not None:
            for name in _SAME_IN_TRAILER:
                if entity.value(name) != self._header.value(name):
                    yield NoemieFinding(
                        place,
                        "999",
                        entity.layout.by_name[name].label,
                        "header",
                        entity.value(name),
                        f"is not what entity 000 says: {self._header.value(name)!r}",
                    )
        if self._invoices and not self._controls:
            yield NoemieFinding(
                place,
                "990",
                "",
                "control",
                "",
                "there are invoices and not one control entity",
                RuleBasis.READING,
            )
        yield from _total(entity, place, "records", entity.integer("records"), place.block, "file, in blocks")
        yield from _total(entity, place, "lots", entity.integer("lots"), self._nesting.lots, "file")
        yield from _total(entity, place, "total", entity.signed("total"), self._nesting.total, "file")


def _total(
    entity: Entity, place: EntityPlace, name: str, stands: int, counted: int, of: str
) -> Iterator[NoemieFinding]:
    if stands != counted:
        yield NoemieFinding(
            place,
            entity.number,
            entity.layout.by_name[name].label,
            "total",
            str(stands),
            f"{counted} was found in the {of}",
            RuleBasis.READING,
        )


def _header_findings(entity: Entity, place: EntityPlace) -> Iterator[NoemieFinding]:
    def about(name: str, rule: str, message: str, basis: RuleBasis = RuleBasis.PUBLISHED) -> NoemieFinding:
        label = entity.layout.by_name[name].label
        return NoemieFinding(place, entity.number, label, rule, entity.value(name), message, basis)

    if entity.integer("record_length") != BLOCK:
        yield about("record_length", "value", f"blocks have {BLOCK} characters")
    reference = entity.value("reference")
    if not reference.isdigit():
        yield about("reference", "reference", "is not a number of NOEMIE; is this a B2 file?")
    elif reference not in REFERENCES:
        known = ", ".join(REFERENCES)
        yield about(
            "reference", "reference", f"is none of those that are public ({known})", RuleBasis.READING
        )
    if entity.value("encryption") == "O":
        yield about(
            "encryption", "encryption", "the content is said to be encrypted, and is judged as it stands"
        )


def field_findings(entity: Entity, place: EntityPlace) -> Iterator[NoemieFinding]:
    """What is wrong with the fields of one entity, each by itself."""
    layout = entity.layout
    if layout.form.fullmatch(entity.text) and not any(
        _fault(field, field.of(entity.text)) for field in layout.dates
    ):
        yield from _key_findings(entity, place)
        return

    def about(field: EntityField | None, rule: str, value: str, message: str) -> NoemieFinding:
        label = field.label if field is not None else ""
        return NoemieFinding(place, entity.number, label, rule, value[:_SHOWN], message)

    if len(entity.text) != layout.length:
        yield about(
            None, "length", str(len(entity.text)), f"has {len(entity.text)} characters, not {layout.length}"
        )
    body = entity.text[:-1] if layout.delimited and len(entity.text) < layout.length else entity.text
    for field in layout.fields:
        stands = field.of(body)
        if field.name == "delimiter" or (not stands and field.first > len(body)):
            if not stands and field.mandatory and field.name != "delimiter":
                yield about(field, "mandatory", "", "is missing")
            continue
        fault = _fault(field, stands)
        if fault is not None:
            yield about(field, fault[0], stands.strip(" "), fault[1])
    yield from _key_findings(entity, place)


def _key_findings(entity: Entity, place: EntityPlace) -> Iterator[NoemieFinding]:
    for name in ("nir", "own_nir"):
        if name in entity.layout.by_name and _wrong_key(entity.value(name), entity.value(f"{name}_key")):
            field = entity.layout.by_name[f"{name}_key"]
            value, message = entity.value(field.name), "is not the key of the NIR before it"
            yield NoemieFinding(place, entity.number, field.label, "key", value, message)


def _wrong_key(number: str, key: str) -> bool:
    """Both are there in their shapes, and do not belong together."""
    try:
        nir = Nir(number, key)
    except CodeError:
        return False
    return bool(nir.key.strip("0")) and not nir.check_key()


def _fault(field: EntityField, stands: str) -> tuple[str, str] | None:
    """The rule that *stands* breaks in *field* and in what way, or None."""
    value = stands.strip(" ")
    if not (stands.isascii() and stands.isprintable()):
        return "characters", "is not written in printable ASCII characters"
    if field.fixed:
        return None if stands == field.fixed else ("value", f"is {field.fixed} in this entity")
    if not value:
        if field.mandatory and not field.blank and "" not in field.codes:
            return "mandatory", "is mandatory and empty"
        return None
    if field.numeric and not (stands.isdigit() and len(stands) == field.length):
        return "digits", f"is a number of {field.length} digits"
    if field.codes and value not in field.codes:
        listed = ", ".join(code or "blank" for code in field.codes)
        return "code", f"is none of {listed}"
    if field.shape is FieldShape.DATE and value != "000000" and day_of(value) is None:
        return "date", "is not a date AAMMJJ"
    if (
        field.shape is FieldShape.DATE
        and value == "000000"
        and field.mandatory
        and field.name in _DATES_NEEDED
    ):
        return "mandatory", "is a mandatory date, and zero"
    return None


_DATES_NEEDED: Final = frozenset({"created", "day", "made"})
"""Dates without which the file, the payment or the lot is not known; of an act some may be absent."""
