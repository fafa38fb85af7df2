-- The visits that groups and peaks are made of, in two parts: those that start in [$seen_ms, $end_ms), where $seen_ms
-- looks back by the longest pause inside a group; and those that started earlier and are still present at $start_ms.
-- Each part finds its few rows by the zone maps of one column; an OR of them would read everything.
select
    visit.unit,
    visit.sensor_id,
    visit.started_ms,
    visit.ended_ms,
    visit.bounce,
    visit.dwell_ms,
    visit.visit_group
from (
    {{ metrics/each_visit }}
) as visit
where visit.started_ms >= $seen_ms and visit.started_ms < $end_ms
union all
select
    visit.unit,
    visit.sensor_id,
    visit.started_ms,
    visit.ended_ms,
    visit.bounce,
    visit.dwell_ms,
    visit.visit_group
from (
    {{ metrics/each_visit }}
) as visit
where visit.started_ms < $seen_ms and visit.ended_ms > $start_ms
