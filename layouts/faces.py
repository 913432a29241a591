"""The faces of a chip: one with contacts, which its layout describes, and on some chips one without.

Files, PINs and keys are those of the one chip, and so are their counters. What differs is the answer to reset, the
application that a terminal looks for, and the rules: those of ``9C``. What has none there is forbidden there.
"""

from bifente.layouts.access import NEVER
from bifente.layouts.nodes import DF, EF, Access, KeyObject, Layout, PinObject, ef_access, told
from bifente.slotted import replace

_NO_RULE: Access = ef_access(read=NEVER)

_made: dict[int, tuple[Layout, Layout]] = {}
"""Identity of a layout → itself, so that nothing else gets its identity, and its other face."""


def contactless(layout: Layout) -> Layout:
    """The face without contacts of a chip. ValueError when it has none, or when *layout* is that face already."""
    if layout.contactless is None:
        raise ValueError(f"{layout.called} has no contactless interface")
    kept = _made.get(id(layout))
    if kept is None:
        kept = _made[id(layout)] = layout, _face(layout)
    return kept[1]


def _face(layout: Layout) -> Layout:
    other = layout.contactless
    assert other is not None
    return replace(
        layout,
        title=f"{layout.title.partition(',')[0]}, contactless",
        atr=other.atr,
        application=other.application,
        mf=_directory(layout.mf),
        source=other.source,
        party=None,
        atr_differs={},
        contactless=None,
        without_contacts=True,
    )


def _directory(node: DF) -> DF:
    return replace(
        node,
        children=tuple(_directory(each) if isinstance(each, DF) else _file(each) for each in node.children),
        access={},
        announced=told(node),
        pins=tuple(_pin(each) for each in node.pins),
        keys=tuple(_key(each) for each in node.keys),
        keysets=tuple(replace(each, access=dict.fromkeys(each.access, NEVER)) for each in node.keysets),
    )


def _file(node: EF) -> EF:
    return replace(
        node, access=_NO_RULE if node.contactless is None else node.contactless, announced=told(node)
    )


def _pin(pin: PinObject) -> PinObject:
    return replace(pin, access=pin.contactless or {}, announced=told(pin))


def _key(key: KeyObject) -> KeyObject:
    return replace(key, access=key.contactless or {}, announced=told(key))
