"""The register: transactions on what was issued, revoked, opposed and published. The only module that knows its SQL."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ReasonFlags

from bifente.igc.register.opening import connect, register_error
from bifente.igc.register.values import (
    CertificatePurpose,
    IssuedCertificate,
    OppositionEntry,
    Publication,
    printed_number,
)

_COLUMNS: Final = (
    "id, authority, serial, purpose, holder, card, not_before, not_after, issued, der, revoked, reason"
)
_PAGE: Final = 500


class SerialTaken(Exception):
    """The authority has issued a certificate of that serial number already: another is to be drawn."""


class Register:
    """The register in a file, which is made when something is first written. *first* tells a new one what was before it."""

    def __init__(self, path: Path, first: "Callable[[RegisterTransaction], None] | None" = None) -> None:
        self.path = path
        self._first = first

    @contextmanager
    def writing(self) -> "Iterator[RegisterTransaction]":
        """A transaction that is there whole, or not at all. Raises IgcError, OSError."""

        def fill(connection: sqlite3.Connection) -> None:
            if self._first is not None:
                self._first(RegisterTransaction(connection))

        with self._used(connect(self.path, write=True, first=fill)) as connection:
            yield RegisterTransaction(connection)

    @contextmanager
    def reading(self) -> "Iterator[RegisterTransaction]":
        """What the register says now. Where there is none yet, it says what a new one would. Raises IgcError, OSError."""
        try:
            connection = connect(self.path, write=False)
        except FileNotFoundError:
            with _unwritten(self._first) as transaction:
                yield transaction
            return
        with self._used(connection):
            yield RegisterTransaction(connection)

    @contextmanager
    def _used(self, connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
        try:
            yield connection
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise register_error(self.path, error) from None
        finally:
            connection.close()  # rolls back what is not committed

    def issued(self, after: int = 0) -> Iterator[IssuedCertificate]:
        """What was issued after the certificate of that number, in that order, read page by page. Raises IgcError, OSError.

        For whoever keeps a directory: the number of the last one is where the next reading begins.
        """
        while True:
            with self.reading() as transaction:
                page = transaction.issued(after, _PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].number

    def find(self, serial: int) -> list[IssuedCertificate]:
        """The certificates of that serial number, of whatever authority. Raises IgcError, OSError."""
        with self.reading() as transaction:
            return transaction.find(serial)

    def of_card(self, card: str) -> list[IssuedCertificate]:
        """The certificates on the card of that number, oldest first. Raises IgcError, OSError."""
        with self.reading() as transaction:
            return transaction.of_card(card)


@contextmanager
def _unwritten(first: "Callable[[RegisterTransaction], None] | None") -> "Iterator[RegisterTransaction]":
    from bifente.igc.register.opening import MIGRATIONS

    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for statement in (one for step in MIGRATIONS for one in step):
            connection.execute(statement)
        transaction = RegisterTransaction(connection)
        if first is not None:
            first(transaction)
        yield transaction
    finally:
        connection.close()


class RegisterTransaction:
    """One look at a register, or one change of it. All methods may raise sqlite3.Error, which :class:`Register` translates."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    # -- issuing

    def record(
        self,
        authority: str,
        certificate: x509.Certificate,
        purpose: CertificatePurpose,
        *,
        holder: str,
        card: str = "",
        issued: datetime,
    ) -> int:
        """Enter a certificate, and return its number. Raises SerialTaken."""
        row = (
            authority,
            _hex(certificate.serial_number),
            purpose.value,
            holder,
            card,
            _written(certificate.not_valid_before_utc),
            _written(certificate.not_valid_after_utc),
            _written(issued),
            certificate.public_bytes(Encoding.DER),
        )
        return self._insert(row)

    def record_serial(self, authority: str, serial: int, card: str, issued: datetime) -> int:
        """Enter a certificate of which only the serial number is known; the number of one that is there already."""
        found = self.get(authority, serial)
        if found is not None:
            return found.number
        unknown = CertificatePurpose.UNKNOWN.value
        return self._insert(
            (authority, _hex(serial), unknown, "", printed_number(card), None, None, _written(issued), None)
        )

    def _insert(self, row: Sequence[object]) -> int:
        try:
            done = self._connection.execute(
                "INSERT INTO certificate(authority, serial, purpose, holder, card, not_before, not_after, issued, der)"
                " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_CONSTRAINT_UNIQUE:
                raise
            raise SerialTaken from None
        return int(done.lastrowid or 0)

    # -- looking up

    def issued(self, after: int, limit: int) -> list[IssuedCertificate]:
        """The next ones after that number."""
        return self._certificates("id > ? ORDER BY id LIMIT ?", (after, limit))

    def get(self, authority: str, serial: int) -> IssuedCertificate | None:
        """The certificate of that authority and serial number."""
        found = self._certificates("authority = ? AND serial = ?", (authority, _hex(serial)))
        return found[0] if found else None

    def find(self, serial: int) -> list[IssuedCertificate]:
        """The certificates of that serial number, of whatever authority."""
        return self._certificates("serial = ? ORDER BY id", (_hex(serial),))

    def of_card(self, card: str) -> list[IssuedCertificate]:
        """The certificates on the card of that number, printed (ten digits) or serial (eight), oldest first."""
        return self._certificates("card = ? AND card <> '' ORDER BY id", (printed_number(card),))

    def of_holder(self, holder: str) -> list[IssuedCertificate]:
        """The certificates of that common name, oldest first."""
        return self._certificates("holder = ? ORDER BY id", (holder,))

    def _certificates(self, where: str, values: Sequence[object]) -> list[IssuedCertificate]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM certificate WHERE {where}", values)  # noqa: S608 - ours
        return [_certificate(row) for row in rows]

    # -- revoking

    def revoke(self, numbers: Iterable[int], when: datetime, reason: ReasonFlags, made: datetime) -> None:
        """Revoke these certificates as of *when*; *made* is the time of the act."""
        self._change(numbers, _written(when), reason.value, made)

    def lift(self, numbers: Iterable[int], made: datetime) -> None:
        """Take the revocation of these certificates back."""
        self._change(numbers, None, None, made)

    def _change(
        self, numbers: Iterable[int], revoked: str | None, reason: str | None, made: datetime
    ) -> None:
        for number in numbers:
            self._connection.execute(
                "UPDATE certificate SET revoked = ?, reason = ? WHERE id = ?", (revoked, reason, number)
            )
            self._connection.execute(
                "INSERT INTO change(certificate, authority, made, revoked, reason)"
                " SELECT id, authority, ?, revoked, reason FROM certificate WHERE id = ?",
                (_written(made), number),
            )

    def revoked(self, authority: str) -> list[IssuedCertificate]:
        """Every revoked certificate of an authority, by serial number."""
        return self._certificates("authority = ? AND revoked IS NOT NULL ORDER BY serial", (authority,))

    def changed(self, authority: str, after: int) -> list[IssuedCertificate]:
        """The certificates of an authority whose state changed after that change, as they are now."""
        return self._certificates(
            "id IN (SELECT certificate FROM change WHERE authority = ? AND id > ?) ORDER BY serial",
            (authority, after),
        )

    def last_change(self, authority: str) -> int:
        """The number of the last change that concerns an authority; 0 before the first."""
        [(number,)] = self._connection.execute(
            "SELECT coalesce(max(id), 0) FROM change WHERE authority = ?", (authority,)
        )
        return int(number)

    # -- opposed cards

    def oppositions(self) -> list[OppositionEntry]:
        """Every opposed card, in the order in which they came."""
        rows = self._connection.execute(
            "SELECT kind, card, since, pan, gamme, certificates FROM opposition ORDER BY rowid"
        )
        return [
            OppositionEntry(
                kind,
                card,
                date.fromisoformat(since),
                pan,
                gamme,
                tuple(int(serial, 16) for serial in certificates.split()),
            )
            for kind, card, since, pan, gamme, certificates in rows
        ]

    def oppose(self, entry: OppositionEntry) -> None:
        """Put a card on the list, in the place of what it says of that card."""
        self.lift_opposition(entry.kind, entry.card)
        serials = " ".join(_hex(serial) for serial in entry.certificates)
        self._connection.execute(
            "INSERT INTO opposition(kind, card, since, pan, gamme, certificates) VALUES(?, ?, ?, ?, ?, ?)",
            (entry.kind, entry.card, entry.since.isoformat(), entry.pan, entry.gamme, serials),
        )

    def lift_opposition(self, kind: str, card: str) -> None:
        """Take a card off the list."""
        self._connection.execute("DELETE FROM opposition WHERE kind = ? AND card = ?", (kind, card))

    # -- published lists

    def publication(self, authority: str) -> Publication | None:
        """The lists of an authority as they were last signed."""
        row = self._connection.execute(
            "SELECT authority, number, this_update, next_update, change, complete, base_number, base_change,"
            " base_update, delta FROM publication WHERE authority = ?",
            (authority,),
        ).fetchone()
        if row is None:
            return None
        name, number, this, following, change, complete, base, base_change, base_update, delta = row
        return Publication(
            name,
            number,
            _read(this),
            _read(following),
            change,
            complete,
            base,
            base_change,
            _read(base_update),
            delta,
        )

    def publish(self, made: Publication) -> None:
        """Keep the lists that were signed, in the place of those before."""
        self._connection.execute(
            "INSERT OR REPLACE INTO publication VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                made.authority,
                made.number,
                _written(made.this_update),
                _written(made.next_update),
                made.change,
                made.complete,
                made.base_number,
                made.base_change,
                _written(made.base_update),
                made.delta,
            ),
        )


def _certificate(row: Sequence[Any]) -> IssuedCertificate:
    number, authority, serial, purpose, holder, card, begin, end, issued, der, revoked, reason = row
    return IssuedCertificate(
        number,
        authority,
        int(serial, 16),
        CertificatePurpose(purpose),
        holder,
        card,
        _read(begin) if begin is not None else None,
        _read(end) if end is not None else None,
        _read(issued),
        der,
        _read(revoked) if revoked is not None else None,
        ReasonFlags(reason) if reason is not None else None,
    )


def _hex(serial: int) -> str:
    return f"{serial:x}"


def _written(when: datetime) -> str:
    aware = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    return aware.strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text)
