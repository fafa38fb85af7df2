"""The tables of the first release."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON(none_as_null=True)


def _owner(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}"
    return sa.ForeignKeyConstraint([column], [target], name=name, initially="DEFERRED", deferrable=True)


def upgrade() -> None:
    """Creates every table, and the row that counts versions."""
    op.create_table(
        "accounts",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("settings", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
    )
    op.create_table(
        "state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_state"),
    )
    op.create_table(
        "brands",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_brands_account_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name="pk_brands"),
    )
    op.create_table(
        "contents",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("content_id", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=True),
        sa.Column("campaign_id", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("registered", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_contents_account_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name="pk_contents"),
        sa.UniqueConstraint("account_id", "content_id", name="uq_contents_account_id_content_id"),
    )
    op.create_table(
        "sites",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("brand_id", _ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("opens", sa.String(), nullable=True),
        sa.Column("closes", sa.String(), nullable=True),
        sa.Column("settings", _JSON, nullable=False),
        sa.Column("tags", _JSON, nullable=False),
        sa.Column("vehicle_factors", _JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brands.id"], name="fk_sites_brand_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sites"),
    )
    op.create_table(
        "tags",
        sa.Column("brand_id", _ID, nullable=False),
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("of", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brands.id"], name="fk_tags_brand_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("brand_id", "id", name="pk_tags"),
    )
    op.create_table(
        "sensors",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("site_id", _ID, nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("entry_point", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("expert", sa.Boolean(), nullable=False),
        sa.Column("tags", _JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name="fk_sensors_site_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sensors"),
        sa.UniqueConstraint("uid", name="uq_sensors_uid"),
    )
    op.create_table(
        "credentials",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("dialect", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scopes", _JSON, nullable=False),
        sa.Column("brand_ids", _JSON, nullable=True),
        sa.Column("site_ids", _JSON, nullable=True),
        sa.Column("sensor_id", _ID, nullable=True),
        sa.Column("held", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_credentials_account_id", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["sensor_id"], ["sensors.id"], name="fk_credentials_sensor_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name="pk_credentials"),
        sa.UniqueConstraint("dialect", "name", name="uq_credentials_dialect_name"),
        sa.UniqueConstraint("sensor_id", name="uq_credentials_sensor_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "lines",
        sa.Column("sensor_id", _ID, nullable=False),
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("entrance", sa.Boolean(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("inside", sa.String(), nullable=False),
        sa.Column("points", _JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["sensor_id"], ["sensors.id"], name="fk_lines_sensor_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("sensor_id", "id", name="pk_lines"),
        sa.UniqueConstraint("uid", name="uq_lines_uid"),
    )
    op.create_table(
        "zones",
        sa.Column("sensor_id", _ID, nullable=False),
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("min_dwell_s", sa.Float(), nullable=False),
        sa.Column("queue", sa.Boolean(), nullable=False),
        sa.Column("polygon", _JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["sensor_id"], ["sensors.id"], name="fk_zones_sensor_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("sensor_id", "id", name="pk_zones"),
        sa.UniqueConstraint("uid", name="uq_zones_uid"),
    )
    op.execute("INSERT INTO state (id, version) VALUES (1, 0)")
