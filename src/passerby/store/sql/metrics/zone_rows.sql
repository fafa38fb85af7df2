-- The stays in zones that peaks are made of: those that start in [$start_ms, $end_ms) and those that started earlier
-- and are still present at $start_ms. Two parts for the sake of the zone maps, as in visit_rows.
select stay.unit, stay.started_ms, stay.ended_ms, stay.dwell_ms
from (
    {{ metrics/each_zone_visit }}
) as stay
where stay.started_ms >= $start_ms and stay.started_ms < $end_ms
union all
select stay.unit, stay.started_ms, stay.ended_ms, stay.dwell_ms
from (
    {{ metrics/each_zone_visit }}
) as stay
where stay.started_ms < $start_ms and stay.ended_ms > $start_ms
