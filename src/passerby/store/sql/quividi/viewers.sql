-- The finest viewers export: one JSON object a watcher, each with a comma behind it.
select to_json(r) || ',' as line
from (
    select
        wall(v.started_ms + s.offset_ms) as period_start,
        wall(v.started_ms + s.offset_ms)[:10] as period_start_date,
        wall(v.started_ms + s.offset_ms)[12:] as period_start_time,
        {{ quividi/viewer }}
    {{ quividi/watchers }}
) as r
