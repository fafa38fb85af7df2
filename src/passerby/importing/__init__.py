"""Bringing files in: reads them with a format of `ingest.files` and delivers what they say."""
