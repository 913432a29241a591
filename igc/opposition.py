"""The list of opposed cards beside an authority, and the revocation lists that are made from it.

``oppositions.json`` is ours (``synthetic``: the real lists are tables of the reader's software); the revocation lists are
RFC 5280 CRLs made from it. Format::

    {"format": 1, "cps": [{"card", "gamme", "certificates": [serial…], "date"}], "vitale": [{"card", "pan", "date"}]}
"""

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from bifente.documents import DocumentError, Fields, read_json, replace_file
from bifente.igc.authority import Authority
from bifente.igc.errors import IgcError
from bifente.igc.names import Gamme

LIST = "oppositions.json"
_LONGEST_LIST = 16 << 20
_SERIAL = re.compile(r"[0-9a-f]{1,40}")
_NEXT_UPDATE = timedelta(days=7)


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


def opposed(authority: Authority, kind: type[Opposed], card: str) -> Opposed | None:
    """What the authority's list says of a card. Raises IgcError."""
    return read_list(authority.directory / LIST).of(kind, card)


def add_card(authority: Authority, entry: Opposed) -> list[Path]:
    """Put a card on the authority's lists and return the files written. Raises IgcError, OSError."""
    before = read_list(authority.directory / LIST)
    return _write(authority, before, before.with_entry(entry), type(entry), entry.card)


def remove_card(authority: Authority, kind: type[Opposed], card: str) -> list[Path]:
    """Take a card off the authority's lists and return the files written. Raises IgcError, OSError."""
    before = read_list(authority.directory / LIST)
    return _write(authority, before, before.without(kind, card), kind, card)


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


def _write(
    authority: Authority, before: OppositionList, after: OppositionList, kind: type[Opposed], card: str
) -> list[Path]:
    """Write the list, and the revocation list of each gamme that held or holds the card."""
    path = authority.directory / LIST
    document = {
        "format": 1,
        "cps": [entry.document() for entry in after.cps],
        "vitale": [entry.document() for entry in after.vitale],
    }
    replace_file(path, json.dumps(document, indent=2).encode() + b"\n")
    entries = (one.of(kind, card) for one in (before, after))
    touched = {entry.gamme.value for entry in entries if isinstance(entry, OpposedCps)}
    return [path, *(_revoke(authority, after.cps, Gamme(gamme)) for gamme in sorted(touched))]


def _revoke(authority: Authority, entries: Sequence[OpposedCps], gamme: Gamme) -> Path:
    revoked = [
        (int(serial, 16), datetime.combine(entry.since, time(), UTC))
        for entry in entries
        if entry.gamme is gamme
        for serial in entry.certificates
    ]
    now = datetime.now(UTC)
    path = authority.directory / f"persons-{gamme.value.lower()}.crl"
    replace_file(
        path,
        authority.crl(
            gamme, revoked, this_update=now, next_update=now + _NEXT_UPDATE, number=int(now.timestamp())
        ),
    )
    return path
