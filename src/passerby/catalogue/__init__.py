"""Accounts, brands, sites, sensors, lines, zones, contents, tags and credentials."""
