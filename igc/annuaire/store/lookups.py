"""What is asked of the database: searches, entries whole, and numbers of them. Reading only.

A search looks at no more than :data:`MOST` answers, whatever was typed, so that none is slow; what it found it sorts by name.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final

from bifente.codes import gip
from bifente.codes.departements import departement_label
from bifente.igc.annuaire.certificates import serial_text
from bifente.igc.annuaire.store.questions import condition_of, looks_like_identifier
from bifente.igc.annuaire.store.words import WordIndex
from bifente.igc.annuaire.values import (
    AnnuaireAuthority,
    AnnuaireCounts,
    AnnuaireQuery,
    CertificateUse,
    EntryKind,
    FoundEntry,
    Labelled,
    ListedCard,
    ListedCertificate,
    ListedProfessional,
    ListedServer,
    ListedStructure,
    PlaceAddress,
    Practice,
)

MOST: Final = 1000
"""Answers that a search looks at."""

_TABLES: Final = {
    "profession": "G15",
    "civility": "G03",
    "civility_of_practice": "G06",
    "card": "G02",
    "skill": "R01",
    "mode": "G17",
    "sector": "R02",
}
"""Nomenclatures of the cards, for codes that no extract has told."""

_ENTRY: Final = {
    EntryKind.PROFESSIONAL: (WordIndex.PROFESSIONAL, "professional"),
    EntryKind.STRUCTURE: (WordIndex.STRUCTURE, "structure"),
    EntryKind.SERVER: (WordIndex.SERVER, "server"),
}
_CERTIFICATE: Final = "serial, use, subject, issuer, not_before, not_after, der, card, revoked"
_STRUCTURE: Final = (
    "identifier, name, sign, siret, siren, finess, finess_legal, former, recipient, location, number, repetition, way_type,"
    " way, distribution, cedex, postcode, commune_code, commune, country, departement, phone, phone_2, fax, mail"
)
_DIGITS: Final = "0123456789"


class Lookups:
    """Questions to an annuaire over one connection. All methods may raise sqlite3.Error."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    # -- searching

    def numbers(self, query: AnnuaireQuery) -> list[int]:
        """The numbers of the entries that answer, at most one more than :data:`MOST`, in no order."""
        keys = (
            (query.card, self._by_card),
            (query.mail, self._by_mail),
            (query.serial, self._by_serial),
            (query.identifier, self._by_identifier),
        )
        exact = [look(query.kind, "".join(asked.split())) for asked, look in keys if asked.strip()]
        text = query.text.strip()
        if text and (looks_like_identifier(text) or "@" in text):
            typed = "".join(text.split())
            look = self._by_mail if "@" in typed else self._by_any_number
            exact.append(look(query.kind, typed))
            text = ""
        condition = condition_of(query, text)
        if condition is None:
            return []
        if not condition:
            return sorted(set.intersection(*map(set, exact)))[: MOST + 1] if exact else []
        found = self._matching(query.kind, condition, exact)
        if text and len(found) > MOST and query.kind is EntryKind.PROFESSIONAL:
            # a word may begin a name or a given name, of which there are too many: names first
            by_name = condition_of(replace(query, family_name=f"{text} {query.family_name}"), "") or ""
            found = list(dict.fromkeys([*self._matching(query.kind, by_name, exact), *found]))[: MOST + 1]
        return found

    def _matching(self, kind: EntryKind, condition: str, exact: Sequence[Iterable[int]]) -> list[int]:
        """The entries whose words fulfil the condition, of those that were found by a number, if any were asked for."""
        table = _ENTRY[kind][0].value[0]
        if not exact:
            found = self._connection.execute(
                f"SELECT rowid FROM {table} WHERE {table} MATCH ? LIMIT ?",  # noqa: S608
                (condition, MOST + 1),
            )
            return [number for (number,) in found]
        return [
            number
            for number in sorted(set.intersection(*map(set, exact)))
            if self._connection.execute(
                f"SELECT 1 FROM {table} WHERE {table} MATCH ? AND rowid = ?",  # noqa: S608
                (condition, number),
            ).fetchone()
        ]

    def _by_any_number(self, kind: EntryKind, typed: str) -> list[int]:
        """By an identifier, or by the number of a card; or of a server by its name, which may begin with a figure."""
        found = self._by_identifier(kind, typed)
        return found or (self._by_card(kind, typed) if kind is EntryKind.PROFESSIONAL else [])

    def _by_identifier(self, kind: EntryKind, typed: str) -> list[int]:
        """By the beginning of an identifier, with or without its type digit."""
        upper = typed.upper()
        if kind is EntryKind.SERVER:
            return self._numbers("SELECT id FROM server WHERE name >= ? AND name < ? LIMIT ?", *_span(typed))
        table = _ENTRY[kind][1]
        found = []
        visible = "AND NOT hidden" if kind is EntryKind.PROFESSIONAL else ""
        for beginning in (upper, *(digit + upper for digit in _DIGITS)):
            found += self._numbers(
                f"SELECT id FROM {table} WHERE identifier >= ? AND identifier < ? {visible} LIMIT ?",  # noqa: S608
                *_span(beginning),
            )
        if kind is EntryKind.STRUCTURE:
            for column in ("finess", "siret"):
                for beginning in (upper, upper[1:]):
                    if len(beginning) >= 3:
                        found += self._numbers(
                            f"SELECT id FROM structure WHERE {column} >= ? AND {column} < ? AND {column} <> '' LIMIT ?",  # noqa: S608
                            *_span(beginning),
                        )
        return list(dict.fromkeys(found))[: MOST + 1]

    def _by_card(self, kind: EntryKind, typed: str) -> list[int]:
        if kind is not EntryKind.PROFESSIONAL:
            return []
        return self._numbers(
            "SELECT professional FROM card JOIN professional ON professional.id = card.professional"
            " WHERE number >= ? AND number < ? AND NOT hidden LIMIT ?",
            *_span(typed.upper()),
        )

    def _by_mail(self, kind: EntryKind, typed: str) -> list[int]:
        if kind is EntryKind.STRUCTURE:
            wanted = "SELECT id FROM structure WHERE mail >= ? AND mail < ? AND mail <> '' LIMIT ?"
        elif kind is EntryKind.SERVER:
            wanted = "SELECT id FROM server WHERE name >= ? AND name < ? LIMIT ?"
        else:
            wanted = (
                "SELECT professional FROM mail JOIN professional ON professional.id = mail.professional"
                " WHERE address >= ? AND address < ? AND NOT hidden LIMIT ?"
            )
        return self._numbers(wanted, *_span(typed))

    def _by_serial(self, kind: EntryKind, typed: str) -> list[int]:
        column = _ENTRY[kind][1]
        hidden = (
            "AND NOT EXISTS (SELECT 1 FROM professional WHERE id = certificate.professional AND hidden)"
            if kind is EntryKind.PROFESSIONAL
            else ""
        )
        return self._numbers(
            f"SELECT {column} FROM certificate WHERE serial = ? AND {column} IS NOT NULL {hidden} LIMIT ?",  # noqa: S608
            serial_text(typed),
            MOST + 1,
        )

    def _numbers(self, query: str, *values: object) -> list[int]:
        return [number for (number,) in self._connection.execute(query, values)]

    # -- lines of answers

    def found(self, kind: EntryKind, numbers: Sequence[int]) -> list[FoundEntry]:
        """A line for each entry, in the order of *numbers*."""
        if kind is EntryKind.PROFESSIONAL:
            return [self._found_professional(number) for number in numbers]
        look = self._found_structure if kind is EntryKind.STRUCTURE else self._found_server
        return [look(number) for number in numbers]

    def names(self, kind: EntryKind, numbers: Sequence[int]) -> list[tuple[int, str, str]]:
        """The numbers with what they are sorted by: name, and given name."""
        columns = "family_name, given_name" if kind is EntryKind.PROFESSIONAL else "name, ''"
        table = _ENTRY[kind][1]
        return self._connection.execute(
            f"SELECT {table}.id, {columns} FROM json_each(?) CROSS JOIN {table} ON {table}.id = json_each.value",  # noqa: S608
            (json.dumps(list(numbers)),),
        ).fetchall()

    def _found_professional(self, number: int) -> FoundEntry:
        identifier, family, given = self._row(
            "SELECT identifier, family_name, given_name FROM professional WHERE id = ?", number
        )
        practices = self._connection.execute(
            "SELECT profession, skill, structure FROM practice WHERE professional = ? ORDER BY id", (number,)
        ).fetchall()
        trades = dict.fromkeys(
            self.label("skill", skill) if skill else self.label("profession", profession)
            for profession, skill, _ in practices
        )
        place = next((self._place_of(structure) for *_, structure in practices if structure is not None), "")
        return FoundEntry(
            EntryKind.PROFESSIONAL,
            identifier,
            f"{family} {given}".strip(),
            ", ".join(filter(None, trades)),
            place,
        )

    def _found_structure(self, number: int) -> FoundEntry:
        identifier, name, sign = self._row(
            "SELECT identifier, name, sign FROM structure WHERE id = ?", number
        )
        what = sign if sign != name else ""
        return FoundEntry(EntryKind.STRUCTURE, identifier, name or sign, what, self._place_of(number))

    def _found_server(self, number: int) -> FoundEntry:
        name, organisation, departement = self._row(
            "SELECT name, organisation, departement FROM server WHERE id = ?", number
        )
        place = departement_label(departement) if departement else ""
        return FoundEntry(EntryKind.SERVER, name, name, organisation, place)

    def _place_of(self, structure: int) -> str:
        commune, departement = self._row("SELECT commune, departement FROM structure WHERE id = ?", structure)
        return ", ".join(filter(None, (commune, departement_label(departement) if departement else "")))

    # -- entries, whole

    def professional(self, identifier: str) -> ListedProfessional | None:
        """Everything about somebody; None without such an entry, or who is not to be listed."""
        row = self._connection.execute(
            "SELECT id, identifier, family_name, given_name, civility, exercise_civility FROM professional"
            " WHERE identifier = ? AND NOT hidden",
            (identifier,),
        ).fetchone()
        if row is None:
            return None
        number, identifier, family, given, civility, exercise = row
        mails = self._connection.execute("SELECT address FROM mail WHERE professional = ?", (number,))
        return ListedProfessional(
            identifier,
            family,
            given,
            self._labelled("civility", civility),
            self._labelled("civility_of_practice", exercise),
            tuple(address for (address,) in mails),
            (identifier[1:],) if identifier.startswith("0") else (),
            tuple(self._practices(number)),
            tuple(self._cards(number)),
            self._certificates("professional", number),
        )

    def structure(self, identifier: str) -> ListedStructure | None:
        """Everything about a structure: by its own identifier, else by FINESS or SIRET with or without the type digit."""
        for where, value in (
            ("identifier = ?", identifier),
            ("finess = ? AND finess <> ''", identifier),
            ("siret = ? AND siret <> ''", identifier),
            ("finess = ? AND finess <> ''", identifier[1:] if identifier.startswith("1") else ""),
            ("siret = ? AND siret <> ''", identifier[1:] if identifier.startswith("3") else ""),
        ):
            row = self._connection.execute(
                f"SELECT id, {_STRUCTURE} FROM structure WHERE {where}",  # noqa: S608
                (value,),
            ).fetchone()
            if row is not None:
                return self._structure(row[1:], self._certificates("structure", row[0]))
        return None

    def people_at(self, identifier: str, limit: int) -> list[FoundEntry]:
        """Who practises at the structure of that identifier."""
        numbers = self._numbers(
            "SELECT DISTINCT professional FROM practice JOIN professional ON professional.id = practice.professional"
            " WHERE structure = (SELECT id FROM structure WHERE identifier = ?) AND NOT hidden LIMIT ?",
            identifier,
            limit,
        )
        return self.found(EntryKind.PROFESSIONAL, numbers)

    def server(self, name: str) -> ListedServer | None:
        """Everything about a server."""
        row = self._connection.execute(
            "SELECT id, name, organisation, structure, departement FROM server WHERE name = ?", (name,)
        ).fetchone()
        if row is None:
            return None
        number, known, organisation, structure, departement = row
        return ListedServer(known, organisation, structure, departement, self._certificates("server", number))

    def with_certificates(self, kind: EntryKind) -> list[str]:
        """The identifiers of the entries for which certificates are published."""
        table = _ENTRY[kind][1]
        column = "name" if kind is EntryKind.SERVER else "identifier"
        visible = "AND NOT hidden" if kind is EntryKind.PROFESSIONAL else ""
        rows = self._connection.execute(
            f"SELECT {column} FROM {table} WHERE id IN (SELECT {table} FROM certificate WHERE {table} IS NOT NULL)"  # noqa: S608
            f" {visible} ORDER BY id"
        )
        return [identifier for (identifier,) in rows]

    def authorities(self) -> list[AnnuaireAuthority]:
        """Every authority, roots before what they issued."""
        rows = self._connection.execute(
            "SELECT name, subject, issuer, serial, not_before, not_after, der, crl, delta_crl FROM authority ORDER BY id"
        ).fetchall()
        names = {subject: name for name, subject, *_ in rows}
        return [
            AnnuaireAuthority(
                name,
                ListedCertificate(
                    serial, CertificateUse.OTHER, subject, issuer, _time(begin), _time(end), der
                ),
                names.get(issuer, issuer) if issuer != subject else "",
                crl,
                delta,
            )
            for name, subject, issuer, serial, begin, end, der, crl, delta in rows
        ]

    def certificates(self, serial: str) -> list[ListedCertificate]:
        """The published certificates of that serial number; none of who is not to be listed."""
        rows = self._connection.execute(
            f"SELECT {_CERTIFICATE} FROM certificate WHERE serial = ? AND NOT EXISTS"  # noqa: S608
            " (SELECT 1 FROM professional WHERE id = certificate.professional AND hidden)",
            (serial,),
        )
        return [_certificate(row) for row in rows]

    def counts(self) -> AnnuaireCounts:
        """How much there is."""
        tables = ("professional", "structure", "server", "card", "certificate", "authority")
        return AnnuaireCounts(*(self._row(f"SELECT count(*) FROM {table}")[0] for table in tables))  # noqa: S608

    def followed(self, authority: str) -> int:
        """The number of the last certificate that was taken from an authority's register."""
        row = self._connection.execute(
            "SELECT number FROM followed WHERE authority = ?", (authority,)
        ).fetchone()
        return row[0] if row is not None else 0

    def labels(self, kind: str) -> list[Labelled]:
        """The codes of a nomenclature that the extracts told, by label."""
        rows = self._connection.execute("SELECT code, text FROM label WHERE kind = ? ORDER BY text", (kind,))
        return [Labelled(code, text) for code, text in rows]

    def label(self, kind: str, code: str) -> str:
        """What a code is called; empty when nobody says."""
        if not code:
            return ""
        row = self._connection.execute(
            "SELECT text FROM label WHERE kind = ? AND code = ?", (kind, code)
        ).fetchone()
        if row is not None:
            return str(row[0])
        return (gip.label(_TABLES[kind], code) or "") if kind in _TABLES else ""

    def _labelled(self, kind: str, code: str) -> Labelled:
        return Labelled(code, self.label(kind, code))

    def _practices(self, professional: int) -> Iterable[Practice]:
        rows = self._connection.execute(
            "SELECT structure, profession, category, skill_kind, skill, mode, registered_by, sector, section, role,"
            " activity_kind FROM practice WHERE professional = ? ORDER BY id",
            (professional,),
        ).fetchall()
        for structure, profession, category, skill_kind, skill, mode, by, sector, section, role, kind in rows:
            place = None
            if structure is not None:
                found = self._row(f"SELECT {_STRUCTURE} FROM structure WHERE id = ?", structure)  # noqa: S608
                place = self._structure(found)
            yield Practice(
                self._labelled("profession", profession),
                self._labelled("category", category),
                self._labelled("skill_kind", skill_kind),
                self._labelled("skill", skill),
                self._labelled("mode", mode),
                by,
                self._labelled("sector", sector),
                self._labelled("section", section),
                self._labelled("role", role),
                self._labelled("activity_kind", kind),
                place,
            )

    def _cards(self, professional: int) -> Iterable[ListedCard]:
        rows = self._connection.execute(
            "SELECT number, kind, identifier, start, stop, opposed, updated FROM card WHERE professional = ?"
            " ORDER BY start, number",
            (professional,),
        ).fetchall()
        for number, kind, identifier, *days in rows:
            yield ListedCard(number, self._labelled("card", kind), identifier, *map(_day, days))

    def _structure(
        self, row: Sequence[Any], certificates: tuple[ListedCertificate, ...] = ()
    ) -> ListedStructure:
        identifier, title, sign, siret, siren, finess, finess_legal, former, *rest = row
        recipient, location, number, repetition, way_type, way, distribution, cedex, postcode = rest[:9]
        commune_code, commune, country, departement, phone, phone_2, fax, mail = rest[9:]
        address = PlaceAddress(
            recipient,
            location,
            number,
            repetition,
            self._labelled("way_type", way_type),
            way,
            distribution,
            cedex,
            postcode,
            Labelled(commune_code, commune),
            self._labelled("country", country),
            self._labelled("departement", departement),
        )
        return ListedStructure(
            identifier,
            title,
            sign,
            siret,
            siren,
            finess,
            finess_legal,
            former,
            address,
            phone,
            phone_2,
            fax,
            mail,
            certificates,
        )

    def _certificates(self, column: str, number: int) -> tuple[ListedCertificate, ...]:
        rows = self._connection.execute(
            f"SELECT {_CERTIFICATE} FROM certificate WHERE {column} = ? ORDER BY not_before DESC, use",  # noqa: S608
            (number,),
        )
        return tuple(_certificate(row) for row in rows)

    def _row(self, query: str, *values: object) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._connection.execute(query, values).fetchone()
        return row


def _span(beginning: str) -> tuple[str, str, int]:
    """From *beginning* to what no longer begins so, and how many."""
    return beginning, beginning + "\U0010ffff", MOST + 1


def _certificate(row: Sequence[Any]) -> ListedCertificate:
    serial, use, subject, issuer, begin, end, der, card, revoked = row
    return ListedCertificate(
        serial,
        CertificateUse(use),
        subject,
        issuer,
        _time(begin),
        _time(end),
        der,
        card,
        _time(revoked) if revoked is not None else None,
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
