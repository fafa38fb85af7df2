"""Webhooks: what happens at a place, posted to whoever wants to know.

`Deliveries` runs an `Endpoint` for each webhook of the catalogue. An endpoint reads what the store has loaded, in order
of arrival, and posts it; how far it got is in the `Ledger`, so nothing is lost when the process is killed. What a
webhook is told is decided in `messages`, how it is sent in `posting`, to which addresses in `guard`.
"""
