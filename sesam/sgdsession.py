"""A session of SGD: a zone of a size that the caller has reserved, with groups that are written and read one by one."""

from collections.abc import Sequence

from bifente.sesam.codes import ReturnCode
from bifente.sesam.errors import CallFailed, SesamError
from bifente.sesam.zones import ZoneGroup, decode_zone, encode_zone


class SgdSession:
    """The groups in their order. Methods raise CallFailed with the codes of SGD."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._used = 0
        self._groups: list[ZoneGroup] = []

    @property
    def groups(self) -> Sequence[ZoneGroup]:
        """What stands in the zone."""
        return self._groups

    def zone(self) -> bytes:
        """The zone as bytes, as long as its groups are."""
        return encode_zone(self._groups)

    def resize(self, size: int) -> None:
        """Reserve *size* bytes; what stands there stays."""
        if size < self._used:
            raise CallFailed(ReturnCode.SGD_FULL, f"{self._used} bytes are used, {size} are fewer")
        self._size = size

    def fill(self, zone: bytes) -> None:
        """Put the groups of *zone* in the place of all there are."""
        if len(zone) > self._size:
            raise CallFailed(
                ReturnCode.SGD_FULL, f"the session has {self._size} bytes, {len(zone)} are needed"
            )
        try:
            groups = decode_zone(zone)
        except SesamError as error:
            raise CallFailed(ReturnCode.SGD_INPUT, f"not groups: {error}") from error
        self._groups, self._used = groups, len(zone)

    def add_group(self, identifier: int) -> None:
        """Begin a group."""
        if not identifier:
            raise CallFailed(ReturnCode.SGD_INPUT, "no group has the number 0")
        self._append(ZoneGroup(identifier, ()))

    def add_field(self, content: bytes | None) -> None:
        """Put a field at the end of the last group."""
        if content is None:
            raise CallFailed(ReturnCode.SGD_INPUT, "the field is a null pointer")
        if not self._groups:
            raise CallFailed(ReturnCode.SGD_NO_GROUP, "a field stands in a group: add one first")
        last = self._groups[-1]
        self._append(ZoneGroup(last.id, (*last.fields, content)), in_place_of=last)

    def _append(self, group: ZoneGroup, *, in_place_of: ZoneGroup | None = None) -> None:
        try:
            used = self._used + len(encode_zone((group,)))
        except SesamError as error:
            raise CallFailed(ReturnCode.SGD_FULL, str(error)) from error
        if in_place_of is not None:
            used -= len(encode_zone((in_place_of,)))
        if used > self._size:
            raise CallFailed(ReturnCode.SGD_FULL, f"the session has {self._size} bytes, {used} are needed")
        if in_place_of is not None:
            self._groups.pop()
        self._groups.append(group)
        self._used = used

    def after(self, group: int, occurrence: int) -> tuple[int, int]:
        """The group and occurrence (from 1) that follow; the first for 0, 0."""
        at = 0 if (group, occurrence) == (0, 0) else self._at(group, occurrence) + 1
        if at >= len(self._groups):
            raise CallFailed(ReturnCode.SGD_END, "that was the last group")
        identifier = self._groups[at].id
        return identifier, sum(one.id == identifier for one in self._groups[: at + 1])

    def field(self, group: int, occurrence: int, number: int) -> bytes:
        """A field by its number from 1."""
        fields = self._groups[self._at(group, occurrence)].fields
        if not 1 <= number <= len(fields):
            raise CallFailed(
                ReturnCode.SGD_NOT_FOUND, f"group {group} has fields 1 to {len(fields)}, not {number}"
            )
        return fields[number - 1]

    def _at(self, group: int, occurrence: int) -> int:
        seen = 0
        for at, one in enumerate(self._groups):
            if one.id == group:
                seen += 1
                if seen == occurrence:
                    return at
        if seen:
            raise CallFailed(
                ReturnCode.SGD_NO_OCCURRENCE, f"group {group} stands there {seen} times, not {occurrence}"
            )
        raise CallFailed(ReturnCode.SGD_NOT_FOUND, f"no group {group}")
