"""The tables of a surgery's store, as they are after the newest migration (a test compares the two).

Times are texts in ISO 8601, UTC, to the second: they sort, and every database has them. Amounts are euro cents. What a
person is, is only inside the signed documents: rows hold numbers, states and digests.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
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

METADATA: Final = MetaData()

KEY: Final = BigInteger().with_variant(Integer, "sqlite")
TIME, DIGEST, STATE = String(32), String(64), String(20)

DOCUMENTS: Final = Table(
    "document", METADATA,
    Column("digest", DIGEST, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("size", Integer, nullable=False),
    Column("content", LargeBinary),
    Column("kept", TIME, nullable=False),
    Column("purged", TIME),
)  # fmt: skip
"""Each archived sheet, lot, file, message and return, by its SHA-256; without content once it was purged."""

COUNTERS: Final = Table(
    "counter", METADATA,
    Column("professional", String(32), primary_key=True),
    Column("name", String(16), primary_key=True),
    Column("last", BigInteger, nullable=False),
)  # fmt: skip
"""The last number given out: of invoices and lots for each professional, of files for the surgery."""

TRANSMISSIONS: Final = Table(
    "transmission", METADATA,
    Column("id", KEY, primary_key=True),
    Column("identification", String(6), nullable=False),
    Column("regime", String(2), nullable=False),
    Column("caisse", String(3), nullable=False),
    Column("centre", String(4), nullable=False),
    Column("digest", DIGEST, ForeignKey("document.digest"), nullable=False),
    Column("made", TIME, nullable=False),
    Index("transmission_identification", "identification"),
)  # fmt: skip
"""A B2 file for one caisse, with the lots that are in it."""

LOTS: Final = Table(
    "lot", METADATA,
    Column("id", KEY, primary_key=True),
    Column("professional", String(32), nullable=False),
    Column("number", Integer, nullable=False),
    Column("mode", String(1), nullable=False),
    Column("regime", String(2), nullable=False),
    Column("caisse", String(3), nullable=False),
    Column("centre", String(4), nullable=False),
    Column("state", STATE, nullable=False),
    Column("transmission", KEY, ForeignKey("transmission.id")),
    Column("digest", DIGEST, ForeignKey("document.digest")),
    Column("arl", DIGEST, ForeignKey("document.digest")),
    Column("made", TIME, nullable=False),
    Column("changed", TIME, nullable=False),
    Column("due", String(10)),
    Column("complementary", String(10), nullable=False, server_default=""),
    Index("lot_state", "state", "id"),
    Index("lot_number", "professional", "number", "id"),
    Index("lot_due", "due", "id"),
    Index("lot_transmission", "transmission"),
)  # fmt: skip
"""``digest`` is that of the signed lot, ``arl`` of the last ARL; ``due`` is the day by which something must be done.
``complementary`` is the insurer that the lot asks, of a DRE; ``regime`` and ``caisse`` then name who takes it."""

SHEETS: Final = Table(
    "sheet", METADATA,
    Column("id", KEY, primary_key=True),
    Column("professional", String(32), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("mode", String(1), nullable=False),
    Column("third_party", Boolean, nullable=False),
    Column("regime", String(2), nullable=False),
    Column("caisse", String(3), nullable=False),
    Column("centre", String(4), nullable=False),
    Column("care_date", String(10), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("paid", BigInteger),
    Column("state", STATE, nullable=False),
    Column("digest", DIGEST, ForeignKey("document.digest"), nullable=False),
    Column("lot", KEY, ForeignKey("lot.id")),
    Column("replaces", KEY, ForeignKey("sheet.id")),
    Column("kept", TIME, nullable=False),
    Column("changed", TIME, nullable=False),
    UniqueConstraint("number", "professional", name="sheet_number"),
    Index("sheet_professional", "professional", "number"),
    Index("sheet_state", "state", "id"),
    Index("sheet_lot", "lot", "id"),
    Index("sheet_digest", "digest"),
    Index("sheet_replaces", "replaces"),
    Index("sheet_kept", "kept", "id"),
)  # fmt: skip
"""``amount`` is what was charged, ``paid`` what the caisse says it has paid."""

DEMANDS: Final = Table(
    "demand", METADATA,
    Column("id", KEY, primary_key=True),
    Column("sheet", KEY, ForeignKey("sheet.id"), nullable=False),
    Column("insurer", String(10), nullable=False),
    Column("mode", String(1), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("paid", BigInteger),
    Column("state", STATE, nullable=False),
    Column("lot", KEY, ForeignKey("lot.id")),
    Column("changed", TIME, nullable=False),
    Index("demand_sheet", "sheet", unique=True),
    Index("demand_state", "state", "id"),
    Index("demand_lot", "lot", "id"),
)  # fmt: skip
"""What is asked of a complementary insurer by DRE, for a sheet; ``amount`` is its part, ``paid`` what it says it has paid."""

MESSAGES: Final = Table(
    "message", METADATA,
    Column("id", KEY, primary_key=True),
    Column("message_id", String(255), nullable=False, unique=True),
    Column("transmission", KEY, ForeignKey("transmission.id"), nullable=False),
    Column("sender", String(255), nullable=False),
    Column("recipient", String(255), nullable=False),
    Column("digest", DIGEST, ForeignKey("document.digest"), nullable=False),
    Column("queued", TIME, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("handed", TIME),
    Column("bounced", TIME),
    Index("message_handed", "handed", "id"),
    Index("message_transmission", "transmission", "id"),
)  # fmt: skip
"""The outbox: a message stands here, with its Message-ID, before the post sees it; ``handed`` says that the post took it."""

RECEIVED: Final = Table(
    "received", METADATA,
    Column("digest", DIGEST, primary_key=True),
    Column("message_id", String(255), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("document", DIGEST, ForeignKey("document.digest"), nullable=False),
    Column("taken", TIME, nullable=False),
    Column("times", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Index("received_kind", "kind", "digest"),
    Index("received_document", "document"),
)  # fmt: skip
"""The inbox: each message by its SHA-256, so that one that comes twice is seen to."""

EVENTS: Final = Table(
    "event", METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", TIME, nullable=False),
    Column("subject", String(16), nullable=False),
    Column("subject_id", BigInteger, nullable=False),
    Column("event", String(32), nullable=False),
    Column("before", STATE),
    Column("after", STATE),
    Column("facts", Text, nullable=False),
    Column("digest", DIGEST, nullable=False),
    Index("event_subject", "subject", "subject_id", "seq"),
)  # fmt: skip
"""The log. It only grows: triggers refuse everything else, and each line holds the digest of the one before."""

HEAD: Final = Table(
    "head", METADATA,
    Column("id", Integer, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("digest", DIGEST, nullable=False),
)  # fmt: skip
"""The last line of the log; who appends holds this row."""
