"""From positions to observations: tracks, crossings of drawn lines, stays in drawn zones, visits and passages.

Pure functions: `track.tracks` makes paths out of positions, `observe.observe` says what a sensor would have reported
about a path.
"""
