"""The files of a carte Vitale that hold SSV groups: one for each of 101 to 103, and one for each bénéficiaire.

Which file holds what is not public: the split is ``synthetic``.
"""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

from bifente.layouts.codec import JsonValue
from bifente.layouts.errors import LayoutError, groups_as_content
from bifente.slotted import dataclass
from bifente.ssv import wire
from bifente.ssv.groups import Group
from bifente.ssv.people import BENEFICIARIES, check_order, people

_HEADS = {101: "G101", 102: "G102", 103: "G103"}


@cache
def file_names() -> tuple[str, ...]:
    """The names of all files that :func:`split` can fill, in the order of the card."""
    return (*_HEADS.values(), *(beneficiary_file(number) for number in range(1, BENEFICIARIES + 1)))


def beneficiary_file(number: int) -> str:
    """The name of the file of bénéficiaire *number*, from 1."""
    return f"BEN{number:02d}"


def split(groups: Sequence[Group]) -> dict[str, list[Group]]:
    """What each file holds: G101, G102, G103 (when there) and BEN01 … BEN19, in card order.

    LayoutError when the groups do not stand in the order of a card.
    """
    with groups_as_content():
        check_order(groups)
    heads = {_HEADS[group.id]: [group] for group in groups if group.id in _HEADS}
    return heads | {beneficiary_file(person.number): list(person.groups) for person in people(groups)}


def join(files: Mapping[str, Sequence[Group]]) -> list[Group]:
    """The groups in the order of the card from the files of :func:`split`, in whatever order they were read.

    Files that hold nothing are skipped. LayoutError for an unknown name or a file with other groups than its own.
    """
    names = file_names()
    for name, held in files.items():
        if name not in names:
            raise LayoutError(f"{name!r} is not a piece of a card")
        ids = [group.id for group in held]
        fits = ids in ([], [int(name[1:])]) if name in _HEADS.values() else not ids or ids[0] == 104
        if not fits or 104 in ids[1:]:
            raise LayoutError(f"group {ids[0]}: {name} holds other groups than its own")
    groups = [group for name in names for group in files.get(name, ())]
    if groups:
        with groups_as_content():
            check_order(groups)
    return groups


@lru_cache(maxsize=256)
def groups_in(content: bytes) -> tuple[Group, ...]:
    """The groups at the beginning of a file's *content*, up to its end or to a group number 0; LayoutError.

    A caisse meets the same files in sheet after sheet of a patient, and those of the assuré in a family's.
    """
    with groups_as_content():
        groups, _ = wire.decode_prefix(content)
    return tuple(groups)


@dataclass(frozen=True, slots=True)
class GroupsCodec:
    """The content codec of a file that holds SSV groups, as :func:`bifente.ssv.wire.to_json` writes them.

    ``groups`` limits which may stand in it (none = any). With ``size`` the file has that length and zeros follow
    the groups (no group has the number 0, so they cannot be mistaken); a file of zeros holds ``[]``.
    """

    groups: tuple[int, ...] = ()
    size: int | None = None

    def encode(self, value: JsonValue) -> bytes:
        """The bytes of a file; LayoutError, also when they exceed the size."""
        with groups_as_content():
            groups = wire.from_json(value)
            content = wire.encode(groups)
        self._check(groups)
        if self.size is None:
            return content
        if len(content) > self.size:
            raise LayoutError(f"{len(content)} bytes do not fit into a file of {self.size}")
        return content.ljust(self.size, b"\0")

    def decode(self, data: bytes) -> JsonValue:
        """The groups of a file; LayoutError."""
        value, end = self.decode_prefix(data)
        if end != len(data) and (self.size is None or any(data[end:])):
            raise LayoutError(f"offset {end}: only groups or zeros may follow")
        return value

    def decode_prefix(self, data: bytes) -> tuple[JsonValue, int]:
        """The groups at the beginning of *data*, up to its end or to a group number 0; LayoutError."""
        with groups_as_content():
            groups, end = wire.decode_prefix(data)
        self._check(groups)
        return wire.to_json(groups), end

    def _check(self, groups: Sequence[Group]) -> None:
        for group in groups:
            if self.groups and group.id not in self.groups:
                raise LayoutError(f"group {group.id}: does not belong into this file")
