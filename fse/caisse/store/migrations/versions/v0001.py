"""Version 1: messages, lots, invoices, findings, returns, the outbox, and a journal that only grows."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables of version 1."""
    op.create_table(
        "message",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("delivered", sa.String(255), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("sender", sa.String(320), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("received", _MOMENT, nullable=False),
        sa.UniqueConstraint("delivered", "digest", name="message_once"),
    )
    op.create_table(
        "lot",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("message", _KEY, sa.ForeignKey("message.id"), nullable=False),
        sa.Column("professional", sa.String(9), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("organisme", sa.String(10), nullable=False),
        sa.Column("file_id", sa.String(6), nullable=False),
        sa.Column("mode", sa.String(1), nullable=False),
        sa.Column("part", sa.String(1), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("signer", sa.String(64), nullable=False),
        sa.Column("received", _MOMENT, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("made", sa.Date, nullable=False),
        sa.Column("positive", sa.Boolean, nullable=False),
        sa.Column("invoices", sa.Integer, nullable=False),
        sa.Column("repeats", sa.Integer, nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("arl", sa.LargeBinary, nullable=False),
        sa.Column("evidence", sa.LargeBinary),
        sa.UniqueConstraint("professional", "number", "digest", name="lot_once"),
    )
    op.create_index("lot_by_day", "lot", ["day", "positive", "invoices"])
    op.create_table(
        "rsp",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("professional", sa.String(9), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("invoices", sa.Integer, nullable=False),
        sa.Column("amo", sa.BigInteger, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "invoice",
        sa.Column("lot", _KEY, sa.ForeignKey("lot.id"), primary_key=True, autoincrement=False),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("professional", sa.String(9), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("part", sa.String(1), nullable=False),
        sa.Column("replaces", sa.Integer),
        sa.Column("nir", sa.String(15), nullable=False),
        sa.Column("birth", sa.String(6), nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("insurance", sa.String(2), nullable=False),
        sa.Column("insurer", sa.String(10), nullable=False),
        sa.Column("care", sa.Date, nullable=False),
        sa.Column("received", sa.Date, nullable=False),
        sa.Column("speciality", sa.String(2), nullable=False),
        sa.Column("department", sa.String(3), nullable=False),
        sa.Column("third_party", sa.Boolean, nullable=False),
        sa.Column("acts", sa.Integer, nullable=False),
        sa.Column("fees", sa.BigInteger, nullable=False),
        sa.Column("amo", sa.BigInteger, nullable=False),
        sa.Column("amc", sa.BigInteger, nullable=False),
        sa.Column("participation", sa.BigInteger, nullable=False),
        sa.Column("franchise", sa.BigInteger, nullable=False),
        sa.Column("lines", sa.Text, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("due", sa.Date),
        sa.Column("settled", sa.Date),
        sa.Column("rsp", _KEY, sa.ForeignKey("rsp.id")),
    )
    op.create_index("invoice_by_number", "invoice", ["professional", "number"])
    op.create_index("invoice_due", "invoice", ["due", "professional", "state"])
    op.create_index("invoice_by_state", "invoice", ["state", "amo", "amc", "participation", "franchise"])
    op.create_index("invoice_by_speciality", "invoice", ["speciality", "state", "amo"])
    op.create_index("invoice_by_department", "invoice", ["department", "state", "amo"])
    op.create_index("invoice_delays", "invoice", ["settled", "received"])
    op.create_table(
        "finding",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("lot", _KEY, sa.ForeignKey("lot.id"), nullable=False),
        sa.Column("place", sa.Integer),
        sa.Column("number", sa.Integer),
        sa.Column("code", sa.String(10), nullable=False),
        sa.Column("gravity", sa.String(7), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("finding_by_code", "finding", ["gravity", "code"])
    op.create_index("finding_of_lot", "finding", ["lot", "place"])
    op.create_table(
        "outbox",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("kind", sa.String(3), nullable=False),
        sa.Column("sender", sa.String(320), nullable=False),
        sa.Column("recipient", sa.String(320), nullable=False),
        sa.Column("message", sa.LargeBinary, nullable=False),
        sa.Column("not_before", _MOMENT, nullable=False),
        sa.Column("sent", _MOMENT),
        sa.Column("lot", _KEY, sa.ForeignKey("lot.id")),
        sa.Column("rsp", _KEY, sa.ForeignKey("rsp.id")),
    )
    op.create_index("outbox_waiting", "outbox", ["sent", "not_before"])
    op.create_table(
        "journal",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("event", sa.String(24), nullable=False),
        sa.Column("message", _KEY),
        sa.Column("lot", _KEY),
        sa.Column("number", sa.Integer),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_table(
        "counter",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    for statement in _ONLY_GROWS[op.get_bind().dialect.name]:
        op.execute(statement)


_REFUSES = """
CREATE FUNCTION journal_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the journal only grows'; END $$
"""
_BEFORE_A_CHANGE = """
CREATE TRIGGER journal_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
FOR EACH STATEMENT EXECUTE FUNCTION journal_only_grows()
"""
_ONLY_GROWS = {
    "sqlite": [
        f"CREATE TRIGGER journal_no_{event} BEFORE {event.upper()} ON journal "
        "BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END"
        for event in ("update", "delete")
    ],
    "postgresql": [_REFUSES, _BEFORE_A_CHANGE],
}
