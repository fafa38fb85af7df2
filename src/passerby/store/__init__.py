"""The fact store: contract, engines, queries."""
