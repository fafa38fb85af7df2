-- Which views a viewers export holds: watchers of the asked locations in the asked range. Included by its queries.
-- `stretches`: one row for each location and stretch of time with one UTC offset.
from views as v
join stretches as s on s.sensor_id = v.sensor_id and v.started_ms >= s.from_ms and v.started_ms < s.until_ms
where v.started_ms >= $start_ms and v.started_ms < $end_ms
    and v.attention_ms > 0
    and {{ metrics/counted_roles }}
