"""Certificates published, mail addresses, authorities and their lists, who is not to be listed: one entry at a time."""

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from bifente.codes.departements import DEPARTEMENTS
from bifente.igc.annuaire.certificates import (
    CertifiedCard,
    CertifiedPerson,
    CertifiedServer,
    PracticePlace,
    ReadCertificate,
)
from bifente.igc.annuaire.store.words import WordIndex, add_words, remove_words, tag


class Publisher:
    """Changes of an annuaire, in a transaction of the caller's. All methods may raise sqlite3.Error."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def publish(self, found: ReadCertificate, revoked: datetime | None = None) -> bool:
        """Publish a certificate, and list whom it names; True when it is new. What an extract says of somebody stays.

        Of who is not to be listed nothing is shown, though it is kept.
        """
        columns: dict[str, int | None] = {"professional": None, "structure": None, "server": None}
        card = ""
        if isinstance(found.owner, CertifiedPerson):
            card = found.owner.card
            columns["professional"] = number = self._person(found.owner)
            if card:
                self._card(found.owner, number, found.not_before.date(), found.not_after.date())
            for address in found.mails:
                self._mail(number, address)
        elif isinstance(found.owner, CertifiedCard):
            card = found.owner.number
            row = self._connection.execute(
                "SELECT professional FROM card WHERE number = ?", (card,)
            ).fetchone()
            if row is None:
                return False  # whose card it is, nobody has said
            columns["professional"] = row[0]
        elif isinstance(found.owner, CertifiedServer):
            columns["server"] = self._server(found.owner)
            columns["structure"] = self._structure_of(found.owner)
        else:
            return self.authority(found, found.subject)
        new = self._connection.execute(
            "INSERT INTO certificate(fingerprint, serial, use, subject, issuer, not_before, not_after, card, revoked, der,"
            " professional, structure, server) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT(fingerprint) DO NOTHING",
            (
                found.fingerprint,
                found.serial,
                found.use.value,
                found.subject,
                found.issuer,
                _written(found.not_before),
                _written(found.not_after),
                card,
                _written(revoked) if revoked is not None else None,
                found.der,
                columns["professional"],
                columns["structure"],
                columns["server"],
            ),
        )
        if not new.rowcount:
            self._connection.execute(
                "UPDATE certificate SET revoked = ? WHERE fingerprint = ?",
                (_written(revoked) if revoked is not None else None, found.fingerprint),
            )
        return bool(new.rowcount)

    def authority(self, found: ReadCertificate, name: str) -> bool:
        """Publish the certificate of an authority under *name*; True when it is new."""
        done = self._connection.execute(
            "INSERT INTO authority(fingerprint, name, subject, issuer, serial, not_before, not_after, der)"
            " VALUES(?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(fingerprint) DO NOTHING",
            (
                found.fingerprint,
                name,
                found.subject,
                found.issuer,
                found.serial,
                _written(found.not_before),
                _written(found.not_after),
                found.der,
            ),
        )
        return bool(done.rowcount)

    def lists(self, subject: str, crl: bytes | None, delta: bytes | None) -> None:
        """Keep the revocation lists of the authority of that name, and say of its certificates which are revoked."""
        self._connection.execute(
            "UPDATE authority SET crl = ?, delta_crl = ? WHERE subject = ?", (crl, delta, subject)
        )

    def revocations(self, issuer: str, revoked: Mapping[str, datetime]) -> None:
        """What the lists of an issuer say: these serial numbers since then, and no others."""
        self._connection.execute("UPDATE certificate SET revoked = NULL WHERE issuer = ?", (issuer,))
        self._connection.executemany(
            "UPDATE certificate SET revoked = ? WHERE serial = ? AND issuer = ?",
            [(_written(when), serial, issuer) for serial, when in revoked.items()],
        )

    def opposed_cards(self, since: Mapping[str, date]) -> None:
        """Which cards are opposed, by the serial number of a certificate on each. Of others what an extract said stays."""
        self._connection.executemany(
            "UPDATE card SET opposed = ? WHERE number IN (SELECT card FROM certificate WHERE serial = ?)",
            [(day.isoformat(), serial) for serial, day in since.items()],
        )

    def add_mail(self, identifier: str, address: str) -> bool:
        """Give somebody a mail address; False without such an entry."""
        number = self._number(identifier)
        if number is not None:
            self._mail(number, address)
        return number is not None

    def remove_mail(self, identifier: str, address: str) -> bool:
        """Take a mail address away; False when it is not there."""
        done = self._connection.execute(
            "DELETE FROM mail WHERE address = ? AND professional = (SELECT id FROM professional WHERE identifier = ?)",
            (address, identifier),
        )
        return bool(done.rowcount)

    def hide(self, identifier: str) -> bool:
        """See that somebody is not listed, now and after every import; False when there is no entry yet."""
        self._connection.execute("INSERT OR IGNORE INTO opt_out VALUES(?)", (identifier,))
        return self._set_hidden(identifier, hidden=True)

    def show(self, identifier: str) -> bool:
        """List somebody again who was not to be; False when nobody had asked for that."""
        done = self._connection.execute("DELETE FROM opt_out WHERE identifier = ?", (identifier,))
        self._set_hidden(identifier, hidden=False)
        return bool(done.rowcount)

    def note_import(self, kind: str, source: str, made: datetime) -> int:
        """The number of an import that begins now."""
        done = self._connection.execute(
            "INSERT INTO import(kind, source, made, rows) VALUES(?, ?, ?, 0)", (kind, source, _written(made))
        )
        return int(done.lastrowid or 0)

    def count_import(self, number: int, rows: int) -> None:
        """How many rows it had."""
        self._connection.execute("UPDATE import SET rows = ? WHERE id = ?", (rows, number))

    def follow(self, authority: str, number: int) -> None:
        """The number of the last certificate that was taken from an authority's register."""
        self._connection.execute("INSERT OR REPLACE INTO followed VALUES(?, ?)", (authority, number))

    def forget_older(self, number: int) -> int:
        """Take out whom earlier imports listed and this one did not, unless something is published for them."""
        gone = [
            one
            for (one,) in self._connection.execute(
                "SELECT id FROM professional WHERE import > 0 AND import < ? AND NOT EXISTS"
                " (SELECT 1 FROM certificate WHERE professional = professional.id)",
                (number,),
            )
        ]
        remove_words(self._connection, WordIndex.PROFESSIONAL, gone)
        self._connection.executemany("DELETE FROM professional WHERE id = ?", [(one,) for one in gone])
        return len(gone)

    # -- entries that a certificate names

    def _person(self, person: CertifiedPerson) -> int:
        number = self._number(person.identifier)
        if number is not None:
            self._complete(number, person)
            return number
        hidden = self._connection.execute(
            "SELECT 1 FROM opt_out WHERE identifier = ?", (person.identifier,)
        ).fetchone()
        done = self._connection.execute(
            "INSERT INTO professional(identifier, family_name, given_name, civility, exercise_civility, places, trades, hidden)"
            " VALUES(?, ?, ?, ?, '', ?, ?, ?)",
            (
                person.identifier,
                person.family_name,
                person.given_name,
                person.civility,
                _places(person),
                _trades(person),
                int(hidden is not None),
            ),
        )
        number = int(done.lastrowid or 0)
        self._practices(number, person)
        add_words(self._connection, WordIndex.PROFESSIONAL, [number])
        return number

    def _practices(self, number: int, person: CertifiedPerson) -> None:
        """Where somebody practises: the places that the card tells, else the structure that the certificate names."""
        places = person.places or (PracticePlace(person.structure, person.structure_name),)
        for place in places:
            departement = (
                person.departement if place.structure == person.structure else _departement(place.structure)
            )
            self._connection.execute(
                "INSERT INTO practice(professional, structure, profession, category, skill_kind, skill, mode,"
                " registered_by, sector, section, role, activity_kind) VALUES(?, ?, ?, '', '', ?, ?, '', ?, '', '', '')",
                (
                    number,
                    self._structure(place.structure, place.name, departement),
                    person.profession,
                    person.skill,
                    place.mode,
                    place.sector,
                ),
            )

    def _complete(self, number: int, person: CertifiedPerson) -> None:
        """What the card of somebody adds to what certificates alone have told: civility, savoir-faire, places of practice."""
        if not (person.civility or person.skill):
            return
        known = self._connection.execute(
            "SELECT 1 FROM professional WHERE id = ? AND import = 0 AND civility = ''", (number,)
        ).fetchone()
        if known is None:
            return
        remove_words(self._connection, WordIndex.PROFESSIONAL, [number])
        self._connection.execute(
            "UPDATE professional SET civility = ?, places = ?, trades = ? WHERE id = ?",
            (person.civility, _places(person), _trades(person), number),
        )
        self._connection.execute("DELETE FROM practice WHERE professional = ?", (number,))
        self._practices(number, person)
        add_words(self._connection, WordIndex.PROFESSIONAL, [number])

    def _card(self, person: CertifiedPerson, number: int, start: date, end: date) -> None:
        self._connection.execute(
            "INSERT INTO card(number, professional, kind, identifier, start, stop) VALUES(?, ?, ?, ?, ?, ?)"
            " ON CONFLICT(number) DO NOTHING",
            (person.card, number, person.card_type, person.identifier, start.isoformat(), end.isoformat()),
        )

    def _server(self, server: CertifiedServer) -> int:
        row = self._connection.execute("SELECT id FROM server WHERE name = ?", (server.name,)).fetchone()
        if row is not None:
            return int(row[0])
        done = self._connection.execute(
            "INSERT INTO server(name, organisation, structure, departement) VALUES(?, ?, ?, ?)",
            (server.name, server.organisation, server.structure, server.departement),
        )
        number = int(done.lastrowid or 0)
        add_words(self._connection, WordIndex.SERVER, [number])
        return number

    def _structure_of(self, server: CertifiedServer) -> int | None:
        return self._structure(server.structure, server.organisation, server.departement)

    def _structure(self, identifier: str, name: str, departement: str) -> int | None:
        """The structure of that identifier with its type digit (G07), which is listed when it is not yet."""
        if not identifier:
            return None
        kind, value = identifier[:1], identifier[1:]
        column = {"1": "finess", "2": "siren", "3": "siret"}.get(kind)
        for where, wanted in (("identifier", identifier), (column, value)):
            if where is None:
                continue
            row = self._connection.execute(
                f"SELECT id FROM structure WHERE {where} = ? AND {where} <> '' LIMIT 1",  # noqa: S608
                (wanted,),
            ).fetchone()
            if row is not None:
                return int(row[0])
        texts = {
            "identifier": identifier,
            "name": name,
            "departement": departement,
            **({column: value} if column else {}),
        }
        columns = [
            one for (one,) in self._connection.execute("SELECT name FROM pragma_table_info('structure')")
        ]
        done = self._connection.execute(
            f"INSERT INTO structure({', '.join(columns)}) VALUES({', '.join('?' * len(columns))})",
            [
                None if column == "id" else 0 if column == "import" else texts.get(column, "")
                for column in columns
            ],
        )
        number = int(done.lastrowid or 0)
        add_words(self._connection, WordIndex.STRUCTURE, [number])
        return number

    def _mail(self, number: int, address: str) -> None:
        self._connection.execute("INSERT OR IGNORE INTO mail VALUES(?, ?)", (address, number))

    def _set_hidden(self, identifier: str, *, hidden: bool) -> bool:
        row = self._connection.execute(
            "SELECT id, hidden FROM professional WHERE identifier = ?", (identifier,)
        ).fetchone()
        if row is None:
            return False
        number, before = row
        if bool(before) is not hidden:
            change = _indexed_before if hidden else _indexed_after
            change(self._connection, number, int(hidden))
        return True

    def _number(self, identifier: str) -> int | None:
        row = self._connection.execute(
            "SELECT id FROM professional WHERE identifier = ?", (identifier,)
        ).fetchone()
        return None if row is None else int(row[0])


def _places(person: CertifiedPerson) -> str:
    codes = (person.departement, *(_departement(place.structure) for place in person.places))
    return " ".join(dict.fromkeys(tag("d", code) for code in codes if code))


def _trades(person: CertifiedPerson) -> str:
    return " ".join(filter(None, (tag("p", person.profession), tag("q", person.skill))))


def _departement(structure: str) -> str:
    """The département that a FINESS number (type 1) begins with; of others it is not known."""
    if not structure.startswith("1"):
        return ""
    code = structure[1:4] if structure[1:3] in ("97", "98") else structure[1:3]
    return code if code in DEPARTEMENTS else ""


def _indexed_before(connection: sqlite3.Connection, number: int, hidden: int) -> None:
    remove_words(connection, WordIndex.PROFESSIONAL, [number])
    _mark(connection, [number], hidden)


def _indexed_after(connection: sqlite3.Connection, number: int, hidden: int) -> None:
    _mark(connection, [number], hidden)
    add_words(connection, WordIndex.PROFESSIONAL, [number])


def _mark(connection: sqlite3.Connection, numbers: Iterable[int], hidden: int) -> None:
    connection.executemany(
        "UPDATE professional SET hidden = ? WHERE id = ?", [(hidden, number) for number in numbers]
    )


def _written(when: datetime) -> str:
    aware = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    return aware.strftime("%Y-%m-%dT%H:%M:%SZ")
