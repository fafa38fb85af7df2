-- From when to when there are facts; both null when there are none.
-- Plain minima and maxima, because those are answered from statistics without reading rows.
select min(spans.first_ms) as first_ms, max(spans.last_ms) as last_ms
from (
    select min(started_ms) as first_ms, max(started_ms) as last_ms from visits
    union all
    select min(started_ms), max(ended_ms) from visits
    union all
    select min(started_ms), max(started_ms) from zone_visits
    union all
    select min(started_ms), max(ended_ms) from zone_visits
    union all
    select min(started_ms), max(started_ms) from passages
    union all
    select min(started_ms), max(started_ms) from views
    union all
    select min(started_ms), max(started_ms) from plays
    union all
    select min(started_ms), max(started_ms) from crossings
    union all
    select min(started_ms), max(started_ms) from counts
    union all
    select min(started_ms), max(started_ms) from levels
    union all
    select min(started_ms), max(started_ms) from wifi_visits
    union all
    select min(started_ms), max(started_ms) from events
    union all
    select min(started_ms), max(started_ms) from uptimes
    union all
    select min(started_ms), max(ended_ms) from uptimes
) as spans
