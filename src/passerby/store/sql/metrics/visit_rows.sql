-- The visits that groups and peaks are made of, in two parts: those that start in [$seen_ms, $end_ms), where $seen_ms
-- looks back by the longest pause inside a group; and those that started earlier and are still present at $start_ms.
-- ended_ms = started_ms stands for one that is never present: of unknown duration.
-- Each part finds its few rows by the zone maps of one column; an OR of them would read everything.
select
    scope.unit,
    v.sensor_id,
    v.started_ms,
    coalesce(v.ended_ms, v.started_ms) as ended_ms,
    coalesce(v.ended_ms - v.started_ms < scope.bounce_ms, false) as bounce,
    v.ended_ms is not null as timed,
    v.visit_group
from visits as v
join scope on scope.sensor_id = v.sensor_id
where v.started_ms >= $seen_ms and v.started_ms < $end_ms
    and (v.role is null or $excluded is null or v.role <> $excluded)
    and ($only is null or v.role = $only)
union all
select
    scope.unit,
    v.sensor_id,
    v.started_ms,
    v.ended_ms,
    v.ended_ms - v.started_ms < scope.bounce_ms,
    true,
    v.visit_group
from visits as v
join scope on scope.sensor_id = v.sensor_id
where v.started_ms < $seen_ms and v.ended_ms > $start_ms
    and (v.role is null or $excluded is null or v.role <> $excluded)
    and ($only is null or v.role = $only)
