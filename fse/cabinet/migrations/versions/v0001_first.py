"""The first version: sheets, lots, files, messages out and in, documents, numbers, and the log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIME, DIGEST, STATE = sa.String(32), sa.String(64), sa.String(20)


def upgrade() -> None:
    """Make all tables."""
    _documents()
    _lots()
    _sheets()
    _messages()
    _log()


def _documents() -> None:
    op.create_table(
        "document",
        sa.Column("digest", DIGEST, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary),
        sa.Column("kept", TIME, nullable=False),
        sa.Column("purged", TIME),
    )
    op.create_table(
        "counter",
        sa.Column("professional", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(16), primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
    )


def _lots() -> None:
    op.create_table(
        "transmission",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("identification", sa.String(6), nullable=False),
        sa.Column("regime", sa.String(2), nullable=False),
        sa.Column("caisse", sa.String(3), nullable=False),
        sa.Column("centre", sa.String(4), nullable=False),
        sa.Column("digest", DIGEST, sa.ForeignKey("document.digest"), nullable=False),
        sa.Column("made", TIME, nullable=False),
    )
    op.create_index("transmission_identification", "transmission", ["identification"])
    op.create_table(
        "lot",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("professional", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("mode", sa.String(1), nullable=False),
        sa.Column("regime", sa.String(2), nullable=False),
        sa.Column("caisse", sa.String(3), nullable=False),
        sa.Column("centre", sa.String(4), nullable=False),
        sa.Column("state", STATE, nullable=False),
        sa.Column("transmission", KEY, sa.ForeignKey("transmission.id")),
        sa.Column("digest", DIGEST, sa.ForeignKey("document.digest")),
        sa.Column("arl", DIGEST, sa.ForeignKey("document.digest")),
        sa.Column("made", TIME, nullable=False),
        sa.Column("changed", TIME, nullable=False),
        sa.Column("due", sa.String(10)),
    )
    op.create_index("lot_state", "lot", ["state", "id"])
    op.create_index("lot_number", "lot", ["professional", "number", "id"])
    op.create_index("lot_due", "lot", ["due", "id"])
    op.create_index("lot_transmission", "lot", ["transmission"])


def _sheets() -> None:
    op.create_table(
        "sheet",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("professional", sa.String(32), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("mode", sa.String(1), nullable=False),
        sa.Column("third_party", sa.Boolean, nullable=False),
        sa.Column("regime", sa.String(2), nullable=False),
        sa.Column("caisse", sa.String(3), nullable=False),
        sa.Column("centre", sa.String(4), nullable=False),
        sa.Column("care_date", sa.String(10), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("paid", sa.BigInteger),
        sa.Column("state", STATE, nullable=False),
        sa.Column("digest", DIGEST, sa.ForeignKey("document.digest"), nullable=False),
        sa.Column("lot", KEY, sa.ForeignKey("lot.id")),
        sa.Column("replaces", KEY, sa.ForeignKey("sheet.id")),
        sa.Column("kept", TIME, nullable=False),
        sa.Column("changed", TIME, nullable=False),
        sa.UniqueConstraint("number", "professional", name="sheet_number"),
    )
    op.create_index("sheet_professional", "sheet", ["professional", "number"])
    op.create_index("sheet_state", "sheet", ["state", "id"])
    op.create_index("sheet_lot", "sheet", ["lot", "id"])
    op.create_index("sheet_digest", "sheet", ["digest"])
    op.create_index("sheet_replaces", "sheet", ["replaces"])
    op.create_index("sheet_kept", "sheet", ["kept", "id"])


def _messages() -> None:
    op.create_table(
        "message",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("message_id", sa.String(255), nullable=False, unique=True),
        sa.Column("transmission", KEY, sa.ForeignKey("transmission.id"), nullable=False),
        sa.Column("sender", sa.String(255), nullable=False),
        sa.Column("recipient", sa.String(255), nullable=False),
        sa.Column("digest", DIGEST, sa.ForeignKey("document.digest"), nullable=False),
        sa.Column("queued", TIME, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("handed", TIME),
        sa.Column("bounced", TIME),
    )
    op.create_index("message_handed", "message", ["handed", "id"])
    op.create_index("message_transmission", "message", ["transmission", "id"])
    op.create_table(
        "received",
        sa.Column("digest", DIGEST, primary_key=True),
        sa.Column("message_id", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("document", DIGEST, sa.ForeignKey("document.digest"), nullable=False),
        sa.Column("taken", TIME, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_index("received_kind", "received", ["kind", "digest"])
    op.create_index("received_document", "received", ["document"])


def _log() -> None:
    op.create_table(
        "event",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("subject", sa.String(16), nullable=False),
        sa.Column("subject_id", sa.BigInteger, nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("before", STATE),
        sa.Column("after", STATE),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
    )
    op.create_index("event_subject", "event", ["subject", "subject_id", "seq"])
    head = op.create_table(
        "head",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "seq": 0, "digest": "0" * 64}])
    dialect = op.get_bind().dialect.name
    if dialect == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER event_no_{change.lower()} BEFORE {change} ON event "
                "BEGIN SELECT RAISE(ABORT, 'the event log only grows'); END"
            )
    elif dialect == "postgresql":
        op.execute(
            "CREATE FUNCTION event_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the event log only grows'; END $$"
        )
        op.execute(
            "CREATE TRIGGER event_no_change BEFORE UPDATE OR DELETE ON event "
            "FOR EACH ROW EXECUTE FUNCTION event_only_grows()"
        )
