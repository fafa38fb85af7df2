"""Keeping the data safe: backup, restore, check, and how commands ask a running server for them."""
