"""From positions to observations."""
