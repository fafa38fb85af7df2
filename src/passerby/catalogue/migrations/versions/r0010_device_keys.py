"""Keys of sensors that can be read back, beside what is held to check them, and when sensors were made and changed."""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_SEQUENCE = "FROM sqlite_sequence WHERE name = 'credentials'"


def upgrade() -> None:
    """Adds the columns. A sensor may now have two keys: that of the catalogue file, and one made to be shown."""
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    # The table is copied; ids of revoked credentials must not be given out again for that.
    last_id = connection.execute(sa.text(f"SELECT seq {_SEQUENCE}")).scalar() if sqlite else None
    with op.batch_alter_table("credentials", table_kwargs={"sqlite_autoincrement": True}) as credentials:
        credentials.drop_constraint("uq_credentials_sensor_id", type_="unique")
        credentials.add_column(sa.Column("sealed", sa.String(), nullable=True))
    op.create_index("ix_credentials_sensor_id", "credentials", ["sensor_id"])
    if last_id is not None:
        connection.execute(sa.text(f"DELETE {_SEQUENCE}"))
        connection.execute(sa.text("INSERT INTO sqlite_sequence VALUES ('credentials', :last)"), {"last": last_id})
    for name in ("created_ms", "modified_ms"):
        op.add_column("sensors", sa.Column(name, sa.BigInteger(), nullable=True))
    # Nothing older is known of sensors that are here already.
    connection.execute(
        sa.text("UPDATE sensors SET created_ms = :now, modified_ms = :now"), {"now": time.time_ns() // 1_000_000}
    )
