"""What native keys hold for producers that push with secrets of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column; null for keys that hold nothing."""
    op.add_column("credentials", sa.Column("producers", sa.JSON(none_as_null=True), nullable=True))
