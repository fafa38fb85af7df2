"""A made-up network, reproducible by seed."""
