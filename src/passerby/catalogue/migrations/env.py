"""Runs the migrations on the connection, and in the transaction, that `database.migrate` hands over."""

from __future__ import annotations

from alembic import context

from passerby.catalogue.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter most things in place; Alembic then copies the table.
    render_as_batch=True,
)
context.run_migrations()
