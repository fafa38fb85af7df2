"""Seemetrix (3DiVi LibAnalytics) REST API: devices, statistics, raw sessions and counters of an audience network.

A user is an account, a device a sensor, a movie a content. `routes.py` lists the methods; each is in the module of its
subject, reads its query through `requests.py` and answers with a document or with pieces of one.
"""
