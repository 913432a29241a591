"""A carte Vitale as a virtual card content (``.in``), the form in which official test cards are handed on."""

from bifente.applets.kernel.files import file_record, record_value
from bifente.applets.perso.cardrecords import Records, layout_of
from bifente.applets.perso.errors import NotGroups, PersoError
from bifente.layouts.codecs.groupfiles import GroupsCodec, join
from bifente.layouts.errors import LayoutError
from bifente.layouts.nodes import EF
from bifente.ssv import wire
from bifente.ssv.groups import Group


def groups_of(records: Records) -> list[Group]:
    """The groups of the card's rights, in their order; PersoError when there are none or a file does not hold groups."""
    pieces: dict[str, list[Group]] = {}
    for path, node in layout_of(records).walk():
        name = file_record(path)
        if not isinstance(node, EF) or not isinstance(node.codec, GroupsCodec) or name not in records:
            continue
        decoded, value = record_value(name, records[name])
        if not decoded:
            raise NotGroups(node.name)
        pieces[node.name] = wire.from_json(value)
    try:
        groups = join(pieces)
    except LayoutError as error:
        raise PersoError(f"the card's groups do not make a content: {error}") from None
    if not groups:
        raise PersoError(
            "not a carte Vitale with rights", hint="a content (.in) holds the rights of a Vitale"
        )
    return groups


def export_content(records: Records) -> bytes:
    """The content of a Vitale (``spec/fse.md`` §3.3): what ``read_content`` reads. Raises PersoError."""
    return wire.encode(groups_of(records))
