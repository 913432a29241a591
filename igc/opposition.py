"""The list of opposed cards as a value, and ``oppositions.json`` beside an authority that publishes it.

The truth is in the authority's register; the file is written from it for programs of others. It is ours (``synthetic``: the
real lists are tables of the reader's software). Format::

    {"format": 1, "cps": [{"card", "gamme", "certificates": [serial…], "date"}], "vitale": [{"card", "pan", "date"}]}
"""

import json
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from bifente.documents import DocumentError, Fields, read_json
from bifente.igc.errors import IgcError
from bifente.igc.names import Gamme
from bifente.igc.register import OppositionEntry

LIST = "oppositions.json"
_LONGEST_LIST = 16 << 20
_SERIAL = re.compile(r"[0-9a-f]{1,40}")


@dataclass(frozen=True, slots=True)
class OpposedCps:
    """A professional's card that is lost or stolen: its number, and its certificates by serial number in hexadecimal."""

    card: str
    gamme: Gamme
    certificates: tuple[str, ...]
    since: date

    def document(self) -> dict[str, object]:
        """As the list holds it."""
        return {
            "card": self.card,
            "gamme": self.gamme.value,
            "certificates": list(self.certificates),
            "date": self.since.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class OpposedVitale:
    """A carte Vitale that is lost or stolen: its number, and the ten bytes of its identity that terminals compare."""

    card: str
    pan: str
    since: date

    def document(self) -> dict[str, object]:
        """As the list holds it."""
        return {"card": self.card, "pan": self.pan, "date": self.since.isoformat()}


Opposed = OpposedCps | OpposedVitale


@dataclass(frozen=True, slots=True)
class OppositionList:
    """Every opposed card of an authority."""

    cps: tuple[OpposedCps, ...] = ()
    vitale: tuple[OpposedVitale, ...] = ()

    def of(self, kind: type[Opposed], card: str) -> Opposed | None:
        """The entry of the card of that number."""
        entries: Sequence[Opposed] = self.cps if kind is OpposedCps else self.vitale
        return next((entry for entry in entries if entry.card == card), None)

    def without(self, kind: type[Opposed], card: str) -> "OppositionList":
        """The list without that card."""
        if kind is OpposedCps:
            return replace(self, cps=tuple(entry for entry in self.cps if entry.card != card))
        return replace(self, vitale=tuple(entry for entry in self.vitale if entry.card != card))

    def with_entry(self, entry: Opposed) -> "OppositionList":
        """The list with *entry* at its end, in the place of what it says of that card."""
        others = self.without(type(entry), entry.card)
        if isinstance(entry, OpposedCps):
            return replace(others, cps=(*others.cps, entry))
        return replace(others, vitale=(*others.vitale, entry))

    def document(self) -> bytes:
        """As the file holds it."""
        lists = {
            "format": 1,
            "cps": [entry.document() for entry in self.cps],
            "vitale": [entry.document() for entry in self.vitale],
        }
        return json.dumps(lists, indent=2).encode() + b"\n"

    def entries(self) -> tuple[OppositionEntry, ...]:
        """As the register holds them."""
        opposed: tuple[Opposed, ...] = (*self.cps, *self.vitale)
        return tuple(map(entry_of, opposed))


def entry_of(opposed: Opposed) -> OppositionEntry:
    """An opposed card as the register holds it."""
    if isinstance(opposed, OpposedVitale):
        return OppositionEntry("vitale", opposed.card, opposed.since, pan=opposed.pan)
    serials = tuple(int(serial, 16) for serial in opposed.certificates)
    return OppositionEntry(
        "cps", opposed.card, opposed.since, gamme=opposed.gamme.value, certificates=serials
    )


def list_of(entries: Iterable[OppositionEntry]) -> OppositionList:
    """The list of what the register holds."""
    made = OppositionList()
    for entry in entries:
        if entry.kind == "vitale":
            made = made.with_entry(OpposedVitale(entry.card, entry.pan, entry.since))
        else:
            serials = tuple(f"{serial:x}" for serial in entry.certificates)
            made = made.with_entry(OpposedCps(entry.card, Gamme(entry.gamme), serials, entry.since))
    return made


def read_list(path: Path) -> OppositionList:
    """The list, empty when there is none. Raises IgcError."""
    try:
        fields = Fields(read_json(path, _LONGEST_LIST), str(path))
        if fields.integer("format") != 1:
            fields.refuse("1 was expected: another release wrote this list", "format")
        found = OppositionList(
            tuple(_cps(entry) for entry in fields.objects("cps")),
            tuple(_vitale(entry) for entry in fields.objects("vitale")),
        )
        fields.end()
    except FileNotFoundError:
        return OppositionList()
    except DocumentError as error:
        raise IgcError(
            f"{error} (not a list of opposed cards)",
            hint=f"repair it, or remove {shlex.quote(str(path))}: the lists begin anew",
        ) from None
    return found


def _cps(fields: Fields) -> OpposedCps:
    card, gamme = fields.text("card"), fields.text("gamme")
    if gamme not in {gamme.value for gamme in Gamme}:
        fields.refuse(f"one of {', '.join(gamme.value for gamme in Gamme)} was expected", "gamme")
    certificates = tuple(fields.texts("certificates"))
    for serial in certificates:
        if not _SERIAL.fullmatch(serial):
            fields.refuse("serial numbers in hexadecimal were expected", "certificates")
    entry = OpposedCps(card, Gamme(gamme), certificates, fields.day("date"))
    fields.end()
    return entry


def _vitale(fields: Fields) -> OpposedVitale:
    entry = OpposedVitale(fields.text("card"), fields.text("pan"), fields.day("date"))
    fields.end()
    return entry
