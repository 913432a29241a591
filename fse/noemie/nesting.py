"""Which entity stands within which, and what the control entities 990 and 999 count and add up.

Published (``spec/fse.md`` §2.2): the levels of 020 (01), of 040, 070, 071 and 081 (02) and of 990 (99); that a 990 closes a
level of the hierarchy, with the totals of this level and the number of entities of the next lower one. **Our reading** is the rest,
and every finding that rests on it says so: the order 020, 040, 070/071, 081, 080, 100/102 and then what belongs to the invoice;
levels 03 of a lot, 04 of an invoice, 05 and 06 below it; that a movement 250 and a payment 261 count as a lot does; that an amount
is what was paid of both parts, with its sign.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from bifente.fse.noemie.layout import Entity

DEPTHS: Final[Mapping[str, int]] = {
    "020": 1,
    "040": 2,
    "070": 3,
    "071": 3,
    "081": 4,
    "080": 5,
    "250": 5,
    "261": 5,
    "100": 6,
    "102": 6,
    "262": 6,
}
"""How deep an entity opens a place of its own; all others are leaves, wherever they stand."""

PARENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "040": ("020",),
    "070": ("040",),
    "071": ("040",),
    "081": ("040",),
    "080": ("081",),
    "250": ("081",),
    "261": ("081",),
    "262": ("261",),
    "100": ("081",),
    "102": ("081",),
    "103": ("100", "102"),
    "110": ("100", "102"),
    "120": ("100", "102"),
    "150": ("100", "102"),
    "160": ("100", "102"),
    "198": ("100", "102"),
    "199": ("100", "102"),
    "210": ("100", "102"),
    "290": ("081",),
    "294": ("100", "102"),
    "295": ("020",),
    "990": ("020",),
}
"""Within which entity, directly or not, an entity stands."""

USUAL_LEVELS: Final[Mapping[str, int]] = {
    "080": 3,
    "250": 3,
    "261": 3,
    "262": 4,
    "100": 4,
    "102": 4,
    "103": 5,
    "110": 5,
    "120": 5,
    "150": 5,
    "160": 5,
    "198": 5,
    "199": 5,
    "210": 6,
    "290": 6,
    "294": 6,
    "295": 6,
}
"""The *niveau de rupture* that we write where the source leaves it open (synthetic)."""

CLOSED_BY_CONTROL: Final = ("020", "081", "080", "100", "102")
"""Entities whose level a 990 may close."""

_MOVEMENTS: Final = ("250", "261")
_INVOICES: Final = ("100", "102")


def _is_counted(number: str, within: str) -> bool:
    """An entity is of the next lower level of *within*: of an invoice each, elsewhere those that open a place."""
    if within in _INVOICES:
        return number not in DEPTHS
    return number in CLOSED_BY_CONTROL or number in _MOVEMENTS


def amount_of(entity: Entity) -> int:
    """What an entity adds to the totals above it, in cents."""
    if entity.number in ("198", "199"):
        return entity.signed("paid")
    if entity.number == "250":
        return entity.signed("amount")
    return entity.integer("amount") if entity.number == "261" else 0


@dataclass(slots=True)
class OpenLevel:
    """A place that an entity has opened: what was found in it so far."""

    entity: Entity
    depth: int
    count: int = 0
    """Entities of the next lower level."""
    total: int = 0
    controlled: bool = False


@dataclass(slots=True)
class Nesting:
    """The places that are open, from the outermost on, while entities go by."""

    open: list[OpenLevel] = field(default_factory=list)
    lots: int = 0
    total: int = 0

    def enter(self, entity: Entity) -> None:
        """Count *entity* where it belongs, and open its place if it has one."""
        number = entity.number
        amount = amount_of(entity)
        depth = DEPTHS.get(number)
        if depth is not None:
            while self.open and self.open[-1].depth >= depth:
                self.open.pop()
        counted = self._counting()
        if counted is not None and _is_counted(number, counted.entity.number):
            counted.count += 1
        self.total += amount
        self.lots += number == "080"
        for level in self.open:
            level.total += amount
        if depth is not None:
            self.open.append(OpenLevel(entity, depth))

    def missing(self, number: str) -> tuple[str, ...]:
        """The entities of which one should be open for *number* to stand here; empty when one is, or none is needed."""
        wanted = PARENTS.get(number, ())
        return () if not wanted or self.parent(number) is not None else wanted

    def parent(self, number: str) -> Entity | None:
        """The innermost entity that *number* stands within."""
        wanted, depth = PARENTS.get(number, ()), DEPTHS.get(number, 99)
        for level in reversed(self.open):
            if level.entity.number in wanted and level.depth < depth:
                return level.entity
        return None

    def close(self, identification: str) -> OpenLevel | None:
        """The level that a 990 closes: the one whose type *identification* begins with, else the innermost that none has closed."""
        candidates = [
            one for one in self.open if one.entity.number in CLOSED_BY_CONTROL and not one.controlled
        ]
        named = [one for one in candidates if identification.startswith(one.entity.number)]
        if not candidates:
            return None
        found = (named or candidates)[-1]
        found.controlled = True
        while self.open[-1] is not found:
            self.open.pop()
        return found

    def _counting(self) -> OpenLevel | None:
        """The innermost open level that a 990 may close."""
        return next((one for one in reversed(self.open) if one.entity.number in CLOSED_BY_CONTROL), None)


def identification_of(entity: Entity) -> str:
    """What our 990 names the level by that it closes: type, level and the number in the entity (synthetic), 17 characters at most."""
    key = {"020": "payee", "081": "return_type", "080": "lot", "100": "invoice", "102": "invoice"}[
        entity.number
    ]
    return f"{entity.number}{entity.level:02}{entity.value(key)[-12:]}"


def with_controls(entities: Iterable[Entity], nesting: Nesting) -> Iterator[Entity]:
    """*entities* with the 990 that each lot, type of return and payee needs behind what belongs to it; *nesting* counts them."""
    from bifente.fse.noemie.entities import ENTITIES

    written = ("020", "081", "080")

    def controls(down_to: int) -> Iterator[Entity]:
        for level in reversed(nesting.open):
            if level.depth >= down_to and level.entity.number in written and not level.controlled:
                level.controlled = True
                yield ENTITIES["990"].build(
                    identification=identification_of(level.entity),
                    count=level.count,
                    total=abs(level.total),
                    sign="N" if level.total < 0 else "P",
                )

    for entity in entities:
        depth = DEPTHS.get(entity.number)
        if depth is not None:
            yield from controls(depth)
        nesting.enter(entity)
        yield entity
    yield from controls(0)
