"""Raw WiFi sightings: a kind of input, not of fact. Sessions are made of them, and a session becomes `wifi_visit`s.

`sighting` has the struct that is sent and the row that the journal keeps. Whoever decodes sightings (the native
route, a producer's adapter, an imported file) puts them among the observations of a `Decoded`; from there they go
the way of every other row: `ingest.intake.resolve`, then the journal, and only then an answer.
"""
