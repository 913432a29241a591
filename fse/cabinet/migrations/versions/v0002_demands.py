"""The second version: what is asked of complementary insurers by DRE, beside the lots for the caisses."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Say of each lot which insurer it asks, if any, and keep what is asked of insurers."""
    op.add_column("lot", sa.Column("complementary", sa.String(10), nullable=False, server_default=""))
    op.create_table(
        "demand",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("sheet", KEY, sa.ForeignKey("sheet.id"), nullable=False),
        sa.Column("insurer", sa.String(10), nullable=False),
        sa.Column("mode", sa.String(1), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("paid", sa.BigInteger),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("lot", KEY, sa.ForeignKey("lot.id")),
        sa.Column("changed", sa.String(32), nullable=False),
    )
    op.create_index("demand_sheet", "demand", ["sheet"], unique=True)
    op.create_index("demand_state", "demand", ["state", "id"])
    op.create_index("demand_lot", "demand", ["lot", "id"])
