"""How long the answer of a finished export is, which is sent before it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column; of results made before it is not known."""
    op.add_column("export_jobs", sa.Column("length", sa.BigInteger(), nullable=True))
