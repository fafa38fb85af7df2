"""What people said about how many are in a site."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Creates the table of corrections."""
    op.create_table(
        "live_corrections",
        sa.Column("id", _ID, nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("number_before", sa.Float(), nullable=False),
        sa.Column("number_after", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_live_corrections"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_live_corrections_site_id", "live_corrections", ["site_id"])
    op.create_index("ix_live_corrections_at_ms", "live_corrections", ["at_ms"])
