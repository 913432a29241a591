"""The resources of the reader as ``galss.ini`` names them: logical devices (LAD), their names and aliases.

spec/ssv.md §1 (``galss.ini``), §2 (table of resources); spec/cards.md §1.6. Names are compared without regard to case.
"""

from struct import Struct
from typing import Final

from bifente.sesam.codes import ReturnCode
from bifente.sesam.errors import CallFailed
from bifente.slotted import dataclass

LONGEST_RESOURCE: Final = 8
LONGEST_APPLICATION: Final = 16
LOG_SV, CPS, VITALE = 0, 1, 2
"""Logical devices: the software of the reader, the two slots."""

_ROW = Struct("<9s9sBBBBHH")


@dataclass(frozen=True, slots=True)
class ReaderResource:
    """One line of the table: a name of at most 8 characters, an alias (empty: none) and the logical device."""

    name: str
    alias: str
    lad: int

    def row(self) -> bytes:
        """The 26 bytes of the table: the reader is PAD 2 on channel 1, of type 1 (serial PSS), by protocol 0."""
        return _ROW.pack(self.alias.encode(), self.name.encode(), self.lad, 2, 1, 1, 1, 0)


RESOURCES: Final = (
    ReaderResource("CPS", "TRANSPA1", CPS),
    ReaderResource("VITALE", "TRANSPA2", VITALE),
    ReaderResource("LOG_SV", "", LOG_SV),
)

_BY_NAME: Final = {
    name.upper(): resource for resource in RESOURCES for name in (resource.name, resource.alias) if name
}

ALL_LADS: Final = frozenset(resource.lad for resource in RESOURCES)


def resource_called(name: str | None, code: int = ReturnCode.NO_RESOURCE) -> ReaderResource:
    """The resource of that name or alias. Raises CallFailed with *code*."""
    if name is None:
        raise CallFailed(ReturnCode.PARAMETER, "the name of the resource is a null pointer")
    found = _BY_NAME.get(name.strip().upper())
    if found is None:
        known = ", ".join(_BY_NAME)
        raise CallFailed(code, f"no resource {name[: LONGEST_RESOURCE * 2]!r}: there are {known}")
    return found
