"""The vendors' export APIs, one folder each."""
