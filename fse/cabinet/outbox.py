"""Sending: a message stands in the store, with its Message-ID, before the post sees it.

Whoever is killed between the two hands it over again as it was: same bytes, same Message-ID, so that the caisse knows it.
``attempts`` is counted before each handing over, so that a second one is seen here too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from bifente.fse.cabinet import log, records
from bifente.fse.cabinet.archive import keep_document
from bifente.fse.cabinet.caisses import CaisseBook
from bifente.fse.cabinet.errors import CabinetError
from bifente.fse.cabinet.log import LogLine
from bifente.fse.cabinet.moves import move_lot
from bifente.fse.cabinet.records import CabinetLot
from bifente.fse.cabinet.states import LOT, LotEvent, LotState
from bifente.fse.cabinet.store import CabinetStore
from bifente.fse.cabinet.tables import LOTS, MESSAGES, TRANSMISSIONS
from bifente.fse.cabinet.workingdays import WorkingDays
from bifente.fse.errors import FseError
from bifente.fse.post import (
    B2,
    B2_TEST,
    EDI_CONSENT,
    B2Subject,
    Letter,
    Part,
    Post,
    PostUncertain,
    message_id,
    seal,
)
from bifente.fse.post import LOT as LOT_PART

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class SentReport:
    """What became of each file: handed over (lots, Message-ID, whether for the first time), or why it was not."""

    handed: tuple[tuple[int, str], ...]
    again: tuple[str, ...]
    failed: tuple[tuple[str, FseError], ...]
    """A file or message, and what stands in its way; it stays in the store as it was."""


@dataclass(frozen=True, slots=True)
class CabinetSender:
    """What sending needs to know: the surgery's address, the caisses, and whether its files are marked as a trial."""

    address: str
    book: CaisseBook
    trial: bool = True


def waiting_files(connection: Connection, events: Sequence[LotEvent]) -> list[int]:
    """The files with lots that one of *events* may happen to, and no message of which waits already."""
    states = [state.value for state in LotState if any(LOT.find(state, event) for event in events)]
    unhanded = select(MESSAGES.c.transmission).where(MESSAGES.c.handed.is_(None))
    query = (
        select(LOTS.c.transmission)
        .where(
            LOTS.c.state.in_(states), LOTS.c.transmission.is_not(None), LOTS.c.transmission.not_in(unhanded)
        )
        .distinct()
        .order_by(LOTS.c.transmission)
    )
    return [int(one) for one in connection.execute(query).scalars()]


def queue(
    store: CabinetStore, transmission: int, sender: CabinetSender, clock: Clock, days: WorkingDays
) -> None:
    """Write the message of a file into the store. Raises UnknownCaisse, PostError; then nothing was written."""
    now = clock()
    with store.write() as connection:
        unhanded = select(MESSAGES.c.id).where(
            MESSAGES.c.transmission == transmission, MESSAGES.c.handed.is_(None)
        )
        if connection.execute(unhanded).first() is not None:
            return  # another process was faster
        row = connection.execute(select(TRANSMISSIONS).where(TRANSMISSIONS.c.id == transmission)).one()
        lots = lots_of(connection, transmission)
        released = next((lot for lot in lots if lot.state is LotState.RELEASED), None)
        if released is not None:
            raise CabinetError(
                f"file {row.identification} holds lot {released.number:03}, which was given up: it cannot go again",
                hint="give up its other lots too; their sheets go in new lots",
            )
        before = select(MESSAGES.c.id).where(MESSAGES.c.transmission == transmission)
        number = len(connection.execute(before).all()) + 1
        contact = sender.book.find(row.regime, row.caisse, now)
        b2 = records.document(connection, row.digest) or b""
        letter = Letter(
            sender=sender.address,
            recipient=contact.address,
            subject=str(B2Subject.of_file(lots[0].professional, days.local(now), b2)),
            parts=(
                Part(f"{row.identification}.b2", EDI_CONSENT, B2_TEST if sender.trial else B2, b2),
                *(
                    Part(
                        f"lot{lot.number:03}.p7m",
                        EDI_CONSENT,
                        LOT_PART,
                        records.document(connection, lot.digest or "") or b"",
                    )
                    for lot in lots
                ),
            ),
            sent=now,
            reference=f"{row.identification}/{number}",
        )
        message = seal(letter, contact.certificate)
        connection.execute(
            insert(MESSAGES).values(
                message_id=message_id(message),
                transmission=transmission,
                sender=sender.address,
                recipient=contact.address,
                digest=keep_document(connection, "message", message, now),
                queued=log.moment(now),
                attempts=0,
            )
        )


def hand_over(store: CabinetStore, post: Post, clock: Clock, days: WorkingDays) -> SentReport:
    """Give every message that waits to the post, the oldest first. One that fails waits on; the others are tried."""
    handed: list[tuple[int, str]] = []
    again: list[str] = []
    failed: list[tuple[str, FseError]] = []
    after = 0
    while True:
        with store.read() as connection:
            query = (
                select(MESSAGES)
                .where(MESSAGES.c.handed.is_(None), MESSAGES.c.id > after)
                .order_by(MESSAGES.c.id)
            )
            row = connection.execute(query.limit(1)).one_or_none()
            raw = None if row is None else records.document(connection, row.digest)
        if row is None or raw is None:
            return SentReport(tuple(handed), tuple(again), tuple(failed))
        after = int(row.id)
        with store.write() as connection:
            mine = (MESSAGES.c.id == row.id, MESSAGES.c.attempts == row.attempts, MESSAGES.c.handed.is_(None))
            taken = connection.execute(
                update(MESSAGES).where(*mine).values(attempts=row.attempts + 1)
            ).rowcount
            if taken and row.attempts:
                facts = {"message": row.message_id, "attempt": int(row.attempts) + 1}
                lots = lots_of(connection, int(row.transmission))
                log.append(
                    connection,
                    clock(),
                    [LogLine("lot", lot.id, "hand over again", None, None, facts) for lot in lots],
                )
        if not taken:
            continue
        try:
            post.send(raw, sender=row.sender, recipient=row.recipient)
        except FseError as error:
            failed.append((f"{row.message_id} to {row.recipient}", error))
            if not isinstance(error, PostUncertain):  # it was not taken: the next time is no second one
                with store.write() as connection:
                    connection.execute(
                        update(MESSAGES).where(MESSAGES.c.id == row.id).values(attempts=row.attempts)
                    )
            continue
        if row.attempts:
            again.append(str(row.message_id))
        with store.write() as connection:
            handed += _taken(connection, row.id, row.transmission, str(row.message_id), clock(), days)


def _taken(
    connection: Connection, message: int, transmission: int, name: str, now: datetime, days: WorkingDays
) -> list[tuple[int, str]]:
    """The post has the message: its lots are on their way."""
    mine = (MESSAGES.c.id == message, MESSAGES.c.handed.is_(None))
    if not connection.execute(update(MESSAGES).where(*mine).values(handed=log.moment(now))).rowcount:
        return []
    moved = []
    for lot in lots_of(connection, transmission):
        event = LotEvent.SEND if lot.state is LotState.MADE else LotEvent.RETRANSMIT
        if LOT.find(lot.state, event) is not None:  # one that was answered goes along, and stays what it is
            move_lot(connection, lot, event, now, days, {"message": name})
            moved.append((lot.id, name))
    return moved


def lots_of(connection: Connection, transmission: int) -> list[CabinetLot]:
    """The lots of a file, as they stand in it."""
    query = select(LOTS).where(LOTS.c.transmission == transmission).order_by(LOTS.c.id)
    return [records.lot_of(row) for row in connection.execute(query).mappings()]
