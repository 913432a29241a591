"""What is told of each call: names, parameters without their secrets, groups in words, how long it took, and the code."""

from collections.abc import Sequence
from typing import Final, Protocol

from bifente.sesam.calls import CallDescription, ParameterKind, Value
from bifente.sesam.codes import meaning
from bifente.sesam.errors import SesamError
from bifente.sesam.zones import decode_zone, group_name
from bifente.slotted import dataclass

MASK: Final = "****"
_ORDERS: Final = {0x00: "incoming", 0x01: "outgoing", 0x14: "power on", 0x15: "power off", 0x16: "presence"}


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call: ``number`` counts those of this process from 1, ``parameters`` are as they may be shown."""

    number: int
    caller: str
    name: str
    parameters: str

    def line(self) -> str:
        """The call as one line."""
        return f"{self.caller} {self.name}({self.parameters})"


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How a call has ended: its code, what is behind it (empty after success), the groups that it gave, its seconds."""

    call: CallRecord
    code: int
    why: str
    groups: str
    seconds: float

    @property
    def name(self) -> str:
        """Of the call."""
        return self.call.name

    def line(self) -> str:
        """The end as one line."""
        said = f"{self.code:04X}"
        if self.code:
            said += f" {meaning(self.code)}"
            if self.why:
                said += f": {self.why}"
        elif self.groups:
            said += f" {self.groups}"
        return f"{said} ({self.seconds * 1000:.1f} ms)"


class CallJournal(Protocol):
    """Where calls are told of, from several threads."""

    def began(self, call: CallRecord, /) -> None:
        """A call begins: what the cards are asked from now on is asked for it."""

    def ended(self, end: CallEnd, /) -> None:
        """It has ended."""


def shown_parameters(call: CallDescription, values: Sequence[Value]) -> str:
    """The parameters in words: no code porteur, and no bytes of a message, which may hold one."""
    return ", ".join(
        f"{parameter.name}={_shown(parameter.kind, parameter.name, value)}"
        for parameter, value in zip(call.parameters, values, strict=False)
    )


def _shown(kind: ParameterKind, name: str, value: Value) -> str:
    if value is None:
        return "null"
    if kind is ParameterKind.PIN:
        return MASK if value else '""'
    if kind is ParameterKind.LETTER and isinstance(value, int):
        return repr(chr(value)) if 0x20 < value < 0x7F else str(value)
    if isinstance(value, bytes):
        if kind is ParameterKind.ZONE:
            return shown_groups(value) or "no groups"
        if name == "message" and len(value) > 2:
            return f"<{_ORDERS.get(value[2], 'other')} order, {len(value)} bytes>"
        return f"<{len(value)} bytes>"
    return f'"{value[:64]}"' if isinstance(value, str) else str(value)


def shown_groups(zone: bytes) -> str:
    """The groups of a zone by their numbers and names, those of a kind counted; empty when they are no groups."""
    try:
        groups = decode_zone(zone)
    except SesamError:
        return f"<{len(zone)} bytes>" if zone else ""
    counts: dict[int, int] = {}
    for group in groups:
        counts[group.id] = counts.get(group.id, 0) + 1
    return (
        "[" + ", ".join(_counted(identifier, count) for identifier, count in counts.items()) + "]"
        if counts
        else ""
    )


def _counted(identifier: int, count: int) -> str:
    times = f"{count} × " if count > 1 else ""
    return f"{times}{identifier} {group_name(identifier)}"
