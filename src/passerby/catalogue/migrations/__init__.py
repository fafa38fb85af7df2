"""Alembic's environment: one file per change of the tables in `versions/`, applied when a database is opened."""
