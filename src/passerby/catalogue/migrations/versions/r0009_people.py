"""People who look at the dashboard: how they sign in, and what they share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Creates the tables of people, of their links and of their sessions."""
    op.create_table(
        "people",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("brand_ids", sa.JSON(none_as_null=True)),
        sa.Column("site_ids", sa.JSON(none_as_null=True)),
        sa.Column("held", sa.String()),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("signed_in_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("email", name="uq_people_email"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_people_account_id", deferrable=True, initially="DEFERRED"
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "password_links",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("person_id", _ID),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_password_links"),
        _of_person("password_links"),
    )
    op.create_table(
        "person_sessions",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_person_sessions"),
        _of_person("person_sessions"),
    )
    op.create_table(
        "share_links",
        sa.Column("id", _ID, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("page", sa.String(), nullable=False),
        sa.Column("brand_ids", sa.JSON(none_as_null=True)),
        sa.Column("site_ids", sa.JSON(none_as_null=True)),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger()),
        sa.Column("seen_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_share_links"),
        sa.UniqueConstraint("digest", name="uq_share_links_digest"),
        _of_person("share_links"),
        sqlite_autoincrement=True,
    )
    for table in ("password_links", "person_sessions", "share_links"):
        op.create_index(f"ix_{table}_person_id", table, ["person_id"])


def _of_person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["person_id"],
        ["people.id"],
        name=f"fk_{table}_person_id",
        ondelete="CASCADE",
        deferrable=True,
        initially="DEFERRED",
    )
