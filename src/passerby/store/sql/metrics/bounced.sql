-- Whether a visit is a bounce: shorter than the site's bounce_s. Null when nobody knows how long it was.
(ended_ms - started_ms < bounce_ms)
