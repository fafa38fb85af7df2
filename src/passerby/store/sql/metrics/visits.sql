-- Visits per unit and bucket of their start: how many, how many of them bounces, the dwell time of the others,
-- and how many it is the sum of.
-- $excluded: the role that does not count, or null; $only: the only role that counts, or null.
select
    scope.unit,
    slots.bucket,
    count(*) as all_visits,
    count(*) filter (v.ended_ms - v.started_ms < scope.bounce_ms) as bounces,
    coalesce(sum(v.ended_ms - v.started_ms) filter (v.ended_ms - v.started_ms >= scope.bounce_ms), 0)::bigint
        as dwell_time,
    count(*) filter (v.ended_ms - v.started_ms >= scope.bounce_ms) as timed_visits
from visits as v
join scope on scope.sensor_id = v.sensor_id
join slots on slots.slot = scope.slot_base + (v.started_ms - scope.slot_origin_ms) // scope.slot_ms
where v.started_ms >= $start_ms and v.started_ms < $end_ms
    and v.started_ms >= scope.range_start_ms and v.started_ms < scope.range_end_ms
    and (v.role is null or $excluded is null or v.role <> $excluded)
    and ($only is null or v.role = $only)
group by scope.unit, slots.bucket
