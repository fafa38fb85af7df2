"""From bytes to rows: one file per format."""
