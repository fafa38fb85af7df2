"""Report feeds: saved reports that anyone who knows their address may read.

`reports` computes what a feed says, `shapes` writes it as JSON and CSV, `board` keeps what was written until it may
have changed.
"""
