"""The native HTTP API and GraphQL."""
