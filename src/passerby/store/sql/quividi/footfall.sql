-- The finest footfall export: one JSON object a person, each with a comma behind it.
select to_json(r) || ',' as line
from (
    select
        p.sensor_id as location_id,
        wall(p.started_ms + s.offset_ms) as period_start,
        wall(p.started_ms + s.offset_ms)[:10] as period_start_date,
        wall(p.started_ms + s.offset_ms)[12:] as period_start_time,
        tenths(p.ended_ms - p.started_ms) as footfall_presence_time
    {{ quividi/passersby }}
) as r
