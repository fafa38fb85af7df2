"""What the pages of the dashboard say: pure functions from facts, catalogue, period and time to typed figures.

Nothing is counted here. `asking` asks `passerby.metrics` as `GET /v1/metrics` does, `period` says for which instants,
and a module for each page arranges the answers.
"""
