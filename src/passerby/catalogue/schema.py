"""The tables of the catalogue database.

What has an identity of its own is a row. What is only ever read and written whole with its owner (settings, tag
links, vehicle factors, the points of a drawing, the limits of a credential) is a JSON column of it: the program
works on snapshots in memory and never searches inside them. Limits of a credential are values, not links, on
purpose: a limit must not widen when the site that it names is deleted.

Foreign keys are checked at commit, so that one transaction can move things about in any order.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# 64 bits in PostgreSQL; in SQLite the name INTEGER makes the key the row's own number.
_ID = BigInteger().with_variant(Integer, "sqlite")


def _owner(column: str) -> ForeignKey:
    return ForeignKey(column, deferrable=True, initially="DEFERRED")


def _webhook() -> ForeignKey:
    return ForeignKey("webhooks.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED")


def _sensor() -> ForeignKey:
    return ForeignKey("sensors.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED")


def _person() -> ForeignKey:
    return ForeignKey("people.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED")


def _json(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, JSON(none_as_null=True), nullable=nullable)


accounts = Table(
    "accounts",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("name", String, nullable=False),
    _json("settings"),
)

brands = Table(
    "brands",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("account_id", _ID, _owner("accounts.id"), nullable=False),
    Column("name", String, nullable=False),
)

tags = Table(
    "tags",
    metadata,
    Column("brand_id", _ID, _owner("brands.id"), primary_key=True),
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("label", String, nullable=False),
    Column("of", String, nullable=False),
)

sites = Table(
    "sites",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("brand_id", _ID, _owner("brands.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("reference", String),
    Column("timezone", String, nullable=False),
    Column("opens", String),
    Column("closes", String),
    _json("settings"),
    _json("tags"),
    _json("vehicle_factors"),
)

sensors = Table(
    "sensors",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("site_id", _ID, _owner("sites.id"), nullable=False),
    Column("uid", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("entry_point", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("expert", Boolean, nullable=False),
    _json("tags"),
    # When a file or a person made it known, and when it or what is drawn for it was last changed.
    Column("created_ms", BigInteger),
    Column("modified_ms", BigInteger),
)

lines = Table(
    "lines",
    metadata,
    Column("sensor_id", _ID, _owner("sensors.id"), primary_key=True),
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("uid", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("entrance", Boolean, nullable=False),
    Column("direction", String, nullable=False),
    Column("inside", String, nullable=False),
    _json("points"),
)

zones = Table(
    "zones",
    metadata,
    Column("sensor_id", _ID, _owner("sensors.id"), primary_key=True),
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("uid", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("min_dwell_s", Float, nullable=False),
    Column("queue", Boolean, nullable=False),
    _json("polygon"),
)

contents = Table(
    "contents",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("account_id", _ID, _owner("accounts.id"), nullable=False),
    Column("content_id", String, nullable=False),
    Column("app_id", String),
    Column("campaign_id", String),
    Column("name", String, nullable=False),
    Column("duration_ms", BigInteger),
    # Made known by an observation, not by a file: facts name it, so pruning leaves it.
    Column("registered", Boolean, nullable=False),
    UniqueConstraint("account_id", "content_id"),
)

credentials = Table(
    "credentials",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("account_id", _ID, _owner("accounts.id"), nullable=False),
    Column("dialect", String, nullable=False),
    Column("name", String, nullable=False),
    _json("scopes"),
    _json("brand_ids", nullable=True),
    _json("site_ids", nullable=True),
    Column("sensor_id", _ID, _owner("sensors.id"), index=True),
    # What `keys.py` made of the secret; never the secret itself.
    Column("held", String, nullable=False),
    # Secrets of producers that push with the key, sealed: {"meraki": {"secret": ...}}.
    _json("producers", nullable=True),
    # The key of a sensor, encrypted: it is shown to the owner of the device.
    Column("sealed", String),
    UniqueConstraint("dialect", "name"),
    # Ids of revoked credentials are not given out again: old logs go on naming the right one.
    sqlite_autoincrement=True,
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("account_id", _ID, _owner("accounts.id"), nullable=False),
    Column("url", String, nullable=False),
    Column("what", String, nullable=False),
    # As `targets.py` writes it: "site 1", "sensor 3024", "zone 3024/11".
    Column("place", String, nullable=False),
    Column("every_s", Float, nullable=False),
    # The signing secret, encrypted; null: messages are not signed.
    Column("held", String),
)

feeds = Table(
    "feeds",
    metadata,
    Column("account_id", _ID, _owner("accounts.id"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("type", String, nullable=False),
    Column("metric", String, nullable=False),
    Column("place", String, nullable=False),
    Column("period", String, nullable=False),
    Column("bucket", String, nullable=False),
    Column("by", String, nullable=False),
    Column("compare", Boolean, nullable=False),
    # The id under which it is published, encrypted: it is a secret that people ask for again.
    Column("held", String, nullable=False),
)

# -- what delivering webhooks has come to; `webhooks/ledger.py` writes these, no catalogue file does

webhook_states = Table(
    "webhook_states",
    metadata,
    Column("webhook_id", _ID, _webhook(), primary_key=True, autoincrement=False),
    # Everything up to this row of the journal is delivered, or is nothing to deliver.
    Column("cursor", BigInteger, nullable=False),
    # The message under way reaches up to this row; null: none is.
    Column("pending", BigInteger),
    # The body last delivered, of what is sent on change.
    Column("last_body", LargeBinary),
    Column("failures", Integer, nullable=False),
    Column("failing_since_ms", BigInteger),
    Column("next_attempt_ms", BigInteger),
    Column("disabled_ms", BigInteger),
    Column("disabled_why", String),
    # A digest of the address: another address begins without the failures of the old one.
    Column("address", String, nullable=False),
    # Grows when a person sets the state: what a running server remembers is then void.
    Column("revision", Integer, nullable=False),
)

webhook_replays = Table(
    "webhook_replays",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("webhook_id", _ID, _webhook(), nullable=False, index=True),
    Column("asked_ms", BigInteger, nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    Column("cursor", BigInteger, nullable=False),
    Column("pending", BigInteger),
    Column("until", BigInteger, nullable=False),
    Column("sent", BigInteger, nullable=False),
    Column("finished_ms", BigInteger),
    sqlite_autoincrement=True,
)

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("webhook_id", _ID, _webhook(), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("message", String, nullable=False),
    Column("events", Integer, nullable=False),
    Column("replay_id", _ID),
    Column("delivered", Boolean, nullable=False),
    Column("status", Integer),
    Column("outcome", String, nullable=False),
    Column("took_ms", Integer, nullable=False),
    Index("ix_webhook_attempts_webhook_id_id", "webhook_id", "id"),
)

nonces = Table(
    "nonces",
    metadata,
    # By public key, not by credential: one that is taken away and given again does not accept old requests.
    Column("key", String, primary_key=True),
    Column("nonce", BigInteger, nullable=False),
)

state = Table(
    "state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    # Grows with every change; tells a running server that its snapshot is old.
    Column("version", BigInteger, nullable=False),
)

# The highest number that anything removed had, among those of its kind: facts go on naming it, so nothing new gets it.
last_ids = Table(
    "last_ids",
    metadata,
    Column("what", String, primary_key=True),
    # The sensor of lines and zones, which share their numbers; 0 for everything else.
    Column("owner", _ID, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)

# What a sensor's camera sees, to draw its lines and zones on. Not part of any snapshot.
pictures = Table(
    "pictures",
    metadata,
    Column("sensor_id", _ID, _sensor(), primary_key=True, autoincrement=False),
    Column("type", String, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("digest", String, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

# Not part of any snapshot: work under way, and where its result is.
export_jobs = Table(
    "export_jobs",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("kind", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("digest", String, nullable=False),
    _json("request"),
    Column("state", String, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger),
    Column("file", String),
    Column("bytes", BigInteger),
    Column("length", BigInteger),
    Column("fail_reason", String),
    UniqueConstraint("kind", "digest"),
    # An id names a job for ever, also in the log, so none is given out twice.
    sqlite_autoincrement=True,
)

# What people said about how many are in a site. Not part of any snapshot; only ever added to, as who did what when.
# It belongs to a site by number, not by link: it is a record of what was done, also of a site that is gone.
live_corrections = Table(
    "live_corrections",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("site_id", BigInteger, nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("who", String, nullable=False),
    Column("number_before", Float, nullable=False),
    Column("number_after", BigInteger, nullable=False),
    Column("reason", String, nullable=False),
    sqlite_autoincrement=True,
)

# Reports that are mailed. Not part of any snapshot: only the thread that sends them reads them.
mailings = Table(
    "mailings",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("account_id", BigInteger, nullable=False, index=True),
    # Who made it, by number: it shows what that person may see, nothing once the person is gone.
    Column("person_id", BigInteger, nullable=False),
    Column("name", String, nullable=False),
    Column("page", String, nullable=False),
    # As `targets.py` writes it.
    Column("place", String, nullable=False),
    _json("recipients"),
    _json("formats"),
    Column("every", String, nullable=False),
    Column("at", String, nullable=False),
    Column("zone", String, nullable=False),
    Column("weekday", Integer, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("retry_ms", BigInteger),
    Column("asked_ms", BigInteger),
    # Recipients who still have to get what is under way; null: all of them.
    _json("left", nullable=True),
    # Message-IDs hold the number.
    sqlite_autoincrement=True,
)

mailing_sends = Table(
    "mailing_sends",
    metadata,
    Column("id", _ID, primary_key=True),
    Column(
        "mailing_id",
        _ID,
        ForeignKey("mailings.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"),
        nullable=False,
        index=True,
    ),
    Column("due_ms", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("done", Boolean, nullable=False),
    Column("recipients", Integer, nullable=False),
    Column("outcome", String, nullable=False),
)

# -- people who look at the dashboard; `people/` writes these, no catalogue file does

people = Table(
    "people",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("account_id", _ID, _owner("accounts.id"), nullable=False),
    # As it is compared: in lower case.
    Column("email", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    _json("brand_ids", nullable=True),
    _json("site_ids", nullable=True),
    # The password as argon2id; null until it is first set.
    Column("held", String),
    Column("active", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("signed_in_ms", BigInteger),
    # Ids of people are in the record of who did what, so none is given out twice.
    sqlite_autoincrement=True,
)

# Links that set a password, once. Of the tokens of these three tables only the SHA-256 is kept.
password_links = Table(
    "password_links",
    metadata,
    Column("digest", String, primary_key=True),
    # Null: the first person of this server is made with it.
    Column("person_id", _ID, _person(), index=True),
    Column("expires_ms", BigInteger, nullable=False),
)

person_sessions = Table(
    "person_sessions",
    metadata,
    Column("digest", String, primary_key=True),
    Column("person_id", _ID, _person(), nullable=False, index=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
)

share_links = Table(
    "share_links",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("digest", String, nullable=False, unique=True),
    # What may be seen is never more than this person may see at that moment.
    Column("person_id", _ID, _person(), nullable=False, index=True),
    Column("title", String, nullable=False),
    # The one page that it opens: path and query.
    Column("page", String, nullable=False),
    _json("brand_ids", nullable=True),
    _json("site_ids", nullable=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
    Column("seen_ms", BigInteger),
    sqlite_autoincrement=True,
)
