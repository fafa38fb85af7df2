"""The Camlytics dialect: the signed service API and the events that its webhooks carry.

`routes` receives a request; `auth` says who asks (key, signature, throttle, nonce); `requests` what is asked; `reading`
gets events and totals from the store; `events` and `shapes` write them as the document does; `codes` is the table of
errors.
"""
