"""The tables of the newest version of the store; :mod:`~bifente.fse.caisse.store.migrations` leads there.

Amounts are integers of euro cents, moments UTC, digests SHA-256 in hexadecimal. ``journal`` only ever grows: triggers refuse
everything else. What is asked a million rows at a time has an index that covers it.
"""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """A moment in UTC: with time zone on PostgreSQL, and on SQLite as the text that sorts as it does."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """A moment with a time zone only."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without time zone")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In UTC."""
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value


_Key = BigInteger().with_variant(Integer, "sqlite")

METADATA: Final = MetaData()

MESSAGES: Final = Table(
    "message",
    METADATA,
    Column("id", _Key, primary_key=True),
    Column("delivered", String(255), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("sender", String(320), nullable=False),
    Column("subject", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("received", Moment, nullable=False),
    UniqueConstraint("delivered", "digest", name="message_once"),
)
"""Each delivery of a mail; ``delivered`` is the name that the mailbox gave it."""

LOTS: Final = Table(
    "lot",
    METADATA,
    Column("id", _Key, primary_key=True),
    Column("message", _Key, ForeignKey("message.id"), nullable=False),
    Column("professional", String(9), nullable=False),
    Column("number", Integer, nullable=False),
    Column("organisme", String(10), nullable=False),
    Column("file_id", String(6), nullable=False),
    Column("mode", String(1), nullable=False),
    Column("part", String(1), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("signer", String(64), nullable=False),
    Column("received", Moment, nullable=False),
    Column("day", Date, nullable=False),
    Column("made", Date, nullable=False),
    Column("positive", Boolean, nullable=False),
    Column("invoices", Integer, nullable=False),
    Column("repeats", Integer, nullable=False, default=0),
    Column("address", String(320), nullable=False),
    Column("arl", LargeBinary, nullable=False),
    Column("evidence", LargeBinary),
    UniqueConstraint("professional", "number", "digest", name="lot_once"),
    Index("lot_by_day", "day", "positive", "invoices"),
)
"""``evidence`` is the signed lot with its sheets, ``arl`` the signed answer, ``repeats`` how often it came again."""

INVOICES: Final = Table(
    "invoice",
    METADATA,
    Column("lot", _Key, ForeignKey("lot.id"), primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("professional", String(9), nullable=False),
    Column("number", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("part", String(1), nullable=False),
    Column("replaces", Integer),
    Column("nir", String(15), nullable=False),
    Column("birth", String(6), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("insurance", String(2), nullable=False),
    Column("insurer", String(10), nullable=False),
    Column("care", Date, nullable=False),
    Column("received", Date, nullable=False),
    Column("speciality", String(2), nullable=False),
    Column("department", String(3), nullable=False),
    Column("third_party", Boolean, nullable=False),
    Column("acts", Integer, nullable=False),
    Column("fees", BigInteger, nullable=False),
    Column("amo", BigInteger, nullable=False),
    Column("amc", BigInteger, nullable=False),
    Column("participation", BigInteger, nullable=False),
    Column("franchise", BigInteger, nullable=False),
    Column("lines", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("due", Date),
    Column("settled", Date),
    Column("rsp", _Key, ForeignKey("rsp.id")),
    Index("invoice_by_number", "professional", "number"),
    Index("invoice_due", "due", "professional", "state"),
    Index("invoice_by_state", "state", "amo", "amc", "participation", "franchise"),
    Index("invoice_by_speciality", "speciality", "state", "amo"),
    Index("invoice_by_department", "department", "state", "amo"),
    Index("invoice_delays", "settled", "received"),
)
"""Invoices of lots that were taken in charge. ``part`` is O (obligatory) or C (complementary: a DRE), ``due`` the day of the
settlement, None when nothing is waited for; ``lines`` are the acts as JSON."""

FINDINGS: Final = Table(
    "finding",
    METADATA,
    Column("id", _Key, primary_key=True),
    Column("lot", _Key, ForeignKey("lot.id"), nullable=False),
    Column("place", Integer),
    Column("number", Integer),
    Column("code", String(10), nullable=False),
    Column("gravity", String(7), nullable=False),
    Column("detail", Text, nullable=False),
    Index("finding_by_code", "gravity", "code"),
    Index("finding_of_lot", "lot", "place"),
)
"""What was found; without ``place`` it is about the lot, or about an invoice of a lot that was refused."""

RSPS: Final = Table(
    "rsp",
    METADATA,
    Column("id", _Key, primary_key=True),
    Column("professional", String(9), nullable=False),
    Column("day", Date, nullable=False),
    Column("invoices", Integer, nullable=False),
    Column("amo", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""Returns *rejet, signalement, paiement*: one for each professional and settlement."""

OUTBOX: Final = Table(
    "outbox",
    METADATA,
    Column("id", _Key, primary_key=True),
    Column("kind", String(3), nullable=False),
    Column("sender", String(320), nullable=False),
    Column("recipient", String(320), nullable=False),
    Column("message", LargeBinary, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("sent", Moment),
    Column("lot", _Key, ForeignKey("lot.id")),
    Column("rsp", _Key, ForeignKey("rsp.id")),
    Index("outbox_waiting", "sent", "not_before"),
)
"""Mails as they go out, byte for byte: written with what they answer, sent later, and again the same after a crash."""

JOURNAL: Final = Table(
    "journal",
    METADATA,
    Column("id", _Key, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("event", String(24), nullable=False),
    Column("message", _Key),
    Column("lot", _Key),
    Column("number", Integer),
    Column("detail", Text, nullable=False),
)
"""What happened, in order. Nothing in it is ever changed or removed."""

COUNTERS: Final = Table(
    "counter",
    METADATA,
    Column("name", String(80), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""What is counted on through restarts: which lot a rule of misbehaviour has come to, the next file."""
