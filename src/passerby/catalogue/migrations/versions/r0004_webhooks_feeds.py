"""Webhooks, what delivering them has come to, and report feeds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["account_id"], ["accounts.id"], name=f"fk_{table}_account_id", initially="DEFERRED", deferrable=True
    )


def _webhook(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["webhook_id"],
        ["webhooks.id"],
        name=f"fk_{table}_webhook_id",
        ondelete="CASCADE",
        initially="DEFERRED",
        deferrable=True,
    )


def upgrade() -> None:
    """Creates the tables, empty."""
    op.create_table(
        "webhooks",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("every_s", sa.Float(), nullable=False),
        sa.Column("held", sa.String(), nullable=True),
        _account("webhooks"),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )
    op.create_table(
        "feeds",
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("compare", sa.Boolean(), nullable=False),
        sa.Column("held", sa.String(), nullable=False),
        _account("feeds"),
        sa.PrimaryKeyConstraint("account_id", "name", name="pk_feeds"),
    )
    op.create_table(
        "webhook_states",
        sa.Column("webhook_id", _ID, autoincrement=False, nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("pending", sa.BigInteger(), nullable=True),
        sa.Column("last_body", sa.LargeBinary(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since_ms", sa.BigInteger(), nullable=True),
        sa.Column("next_attempt_ms", sa.BigInteger(), nullable=True),
        sa.Column("disabled_ms", sa.BigInteger(), nullable=True),
        sa.Column("disabled_why", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        _webhook("webhook_states"),
        sa.PrimaryKeyConstraint("webhook_id", name="pk_webhook_states"),
    )
    op.create_table(
        "webhook_replays",
        sa.Column("id", _ID, nullable=False),
        sa.Column("webhook_id", _ID, nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("pending", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("finished_ms", sa.BigInteger(), nullable=True),
        _webhook("webhook_replays"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_replays"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_webhook_replays_webhook_id", "webhook_replays", ["webhook_id"])
    op.create_table(
        "webhook_attempts",
        sa.Column("id", _ID, nullable=False),
        sa.Column("webhook_id", _ID, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("replay_id", _ID, nullable=True),
        sa.Column("delivered", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        _webhook("webhook_attempts"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_attempts"),
    )
    op.create_index("ix_webhook_attempts_webhook_id_id", "webhook_attempts", ["webhook_id", "id"])
