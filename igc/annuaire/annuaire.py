"""An annuaire in a file: opened, searched, filled. One object, one connection; pages that several threads render take one each."""

import gc
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Final, TypeVar
from unicodedata import combining, normalize

from bifente.igc.annuaire.certificates import CertifiedCard, ReadCertificate, serial_text
from bifente.igc.annuaire.errors import NotListed
from bifente.igc.annuaire.extracts import Extract, ExtractKind
from bifente.igc.annuaire.store.importing import ActivityWriter, CardWriter, batches
from bifente.igc.annuaire.store.lookups import MOST, Lookups
from bifente.igc.annuaire.store.opening import annuaire_error, connect
from bifente.igc.annuaire.store.publishing import Publisher
from bifente.igc.annuaire.store.words import words_of
from bifente.igc.annuaire.values import (
    AnnuaireAuthority,
    AnnuaireCounts,
    AnnuaireQuery,
    EntryKind,
    FoundEntry,
    Labelled,
    ListedCertificate,
    ListedProfessional,
    ListedServer,
    ListedStructure,
    SearchAnswer,
)

_Entry = TypeVar("_Entry")

PAGE: Final = 20
_BATCH: Final = 4000

ImportTold = Callable[[int, int, str], None]
"""Told how many bytes of the file are read, of how many, and how many rows that is."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did."""

    kind: ExtractKind
    rows: int
    forgotten: int = 0


class Annuaire:
    """Use :meth:`open` or :meth:`make`; close it, or use it as a context manager."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lookups = Lookups(connection)

    @classmethod
    def open(cls, path: str | PathLike[str]) -> "Annuaire":
        """The annuaire in *path*, which must be there. Raises AnnuaireError, OSError."""
        return cls(Path(path), connect(Path(path)))

    @classmethod
    def make(cls, path: str | PathLike[str]) -> "Annuaire":
        """The annuaire in *path*, made when there is none yet (mode 0600). Raises AnnuaireError, OSError."""
        return cls(Path(path), connect(Path(path), make=True))

    def close(self) -> None:
        """Give the file free."""
        self._connection.close()

    def __enter__(self) -> "Annuaire":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- searching

    def search(self, query: AnnuaireQuery, *, page: int = 1, size: int = PAGE) -> SearchAnswer:
        """A page of the answers, by name, and first those whose name begins as what was typed. A query that asks for nothing
        has none."""
        with self._in_words():
            numbers = [] if query.empty else self._lookups.numbers(query)
            more = len(numbers) > MOST
            first = _plain(" ".join(words_of(query.text)[:1]))
            named = sorted(
                (not (plain := _plain(name)).startswith(first), plain, _plain(given), number)
                for number, name, given in self._lookups.names(query.kind, numbers[:MOST])
            )
            begin = max(page - 1, 0) * size
            chosen = [number for *_, number in named[begin : begin + size]]
            return SearchAnswer(tuple(self._lookups.found(query.kind, chosen)), len(named), more)

    def professional(self, identifier: str) -> ListedProfessional:
        """Everything about somebody, by national identifier. Raises NotListed."""
        with self._in_words():
            return _listed(self._lookups.professional(identifier), "professional", identifier)

    def structure(self, identifier: str) -> ListedStructure:
        """Everything about a structure. Raises NotListed."""
        with self._in_words():
            return _listed(self._lookups.structure(identifier), "structure", identifier)

    def server(self, name: str) -> ListedServer:
        """Everything about a server, an application or a caisse, by its common name. Raises NotListed."""
        with self._in_words():
            return _listed(self._lookups.server(name), "server", name)

    def with_certificates(self, kind: EntryKind) -> list[str]:
        """The identifiers of the entries for which certificates are published."""
        with self._in_words():
            return self._lookups.with_certificates(kind)

    def people_at(self, structure: str, limit: int = 200) -> list[FoundEntry]:
        """Who practises at a structure, by name."""
        with self._in_words():
            found = self._lookups.people_at(structure, limit)
        return sorted(found, key=lambda entry: _plain(entry.name))

    def certificates(self, serial: str) -> list[ListedCertificate]:
        """The published certificates of that serial number, an authority's among them."""
        wanted = serial_text(serial)
        authorities = [one.certificate for one in self.authorities() if one.certificate.serial == wanted]
        with self._in_words():
            return self._lookups.certificates(wanted) + authorities

    def authorities(self) -> list[AnnuaireAuthority]:
        """The authorities' page."""
        with self._in_words():
            return self._lookups.authorities()

    def chain(self, certificate: ListedCertificate) -> list[ListedCertificate]:
        """The authorities above a certificate, the nearest first, as far as they are published."""
        by_subject = {one.certificate.subject: one.certificate for one in self.authorities()}
        found: list[ListedCertificate] = []
        above = by_subject.get(certificate.issuer)
        while above is not None and above not in found:
            found.append(above)
            above = by_subject.get(above.issuer)
        return found

    def labels(self, kind: str) -> list[Labelled]:
        """The codes of a nomenclature that the extracts told (``profession``, ``skill`` …), by label."""
        with self._in_words():
            return self._lookups.labels(kind)

    def counts(self) -> AnnuaireCounts:
        """How much there is."""
        with self._in_words():
            return self._lookups.counts()

    def followed(self, authority: str) -> int:
        """The number of the last certificate that was taken from an authority's register; 0 before the first."""
        with self._in_words():
            return self._lookups.followed(authority)

    # -- filling

    def take(
        self,
        extract: Extract,
        *,
        forget: bool = False,
        now: datetime | None = None,
        told: ImportTold | None = None,
    ) -> ImportResult:
        """Take an extract, all of it or, when a line is wrong, nothing. With *forget* it is the whole truth: who was listed
        by an earlier import and is not in this one is taken out.

        Raises ExtractRefused, AnnuaireError, OSError.
        """
        with _collector_paused(), self.changing() as change:
            made = now or datetime.now(UTC)
            number = change.note_import(extract.kind.value, Path(extract.source).name, made)
            writer: ActivityWriter | CardWriter
            if extract.kind is ExtractKind.ACTIVITIES:
                writer = ActivityWriter(self._connection, number)
            else:
                writer = CardWriter(self._connection, number)
            rows = 0
            for batch in batches(extract.rows, _BATCH):
                writer.add(batch)
                rows += len(batch)
                if told is not None:
                    told(extract.read(), extract.size, f"{rows} rows")
            writer.finish()
            change.count_import(number, rows)
            activities = extract.kind is ExtractKind.ACTIVITIES
            forgotten = change.forget_older(number) if forget and activities else 0
        return ImportResult(extract.kind, rows, forgotten)

    def publish(self, certificates: Iterable[ReadCertificate], *, mail: str = "") -> int:
        """Publish certificates and list whom they name; how many were new. *mail* is given to the persons among them."""
        new = 0
        with self.changing() as change:
            # what names a card only comes after what names its holder
            for found in sorted(certificates, key=lambda one: isinstance(one.owner, CertifiedCard)):
                new += change.publish(found)
                identifier = getattr(found.owner, "identifier", None)
                if mail and identifier is not None:
                    change.add_mail(identifier, mail)
        return new

    def follow(self, authority: str, number: int) -> None:
        """The number of the last certificate that was taken from an authority's register."""
        with self.changing() as change:
            change.follow(authority, number)

    def hide(self, identifier: str) -> bool:
        """See that somebody is not listed, now and after every import; False when there is no entry yet."""
        with self.changing() as change:
            return change.hide(identifier)

    def show(self, identifier: str) -> bool:
        """List somebody again; False when nobody had asked not to be."""
        with self.changing() as change:
            return change.show(identifier)

    def add_mail(self, identifier: str, address: str) -> None:
        """Give somebody a mail address. Raises NotListed."""
        with self.changing() as change:
            if not change.add_mail(identifier, address):
                raise NotListed(f"the annuaire has no professional {identifier}")

    @contextmanager
    def changing(self) -> Iterator[Publisher]:
        """A transaction that is there whole, or not at all. Raises AnnuaireBusy, AnnuaireError, OSError."""
        with self._in_words():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Publisher(self._connection)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise annuaire_error(self.path, error) from None


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Rows make no cycles, and looking for some in millions of them takes a fifth of the time of an import."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _listed(found: _Entry | None, what: str, identifier: str) -> _Entry:
    if found is None:
        raise NotListed(f"the annuaire has no {what} {identifier}")
    return found


def _plain(text: str) -> str:
    if text.isascii():
        return text.casefold()
    return "".join(one for one in normalize("NFKD", text.casefold()) if not combining(one))
