-- Stays in zones of at least the zone's minimum, per unit and bucket of their start.
select
    scope.unit,
    slots.bucket,
    count(*) as zone_visits,
    sum(z.ended_ms - z.started_ms)::bigint as zone_dwell_time
from zone_visits as z
join scope on scope.sensor_id = z.sensor_id and scope.part_id = z.zone_id
join slots on slots.slot = scope.slot_base + (z.started_ms - scope.slot_origin_ms) // scope.slot_ms
where z.started_ms >= $start_ms and z.started_ms < $end_ms
    and z.started_ms >= scope.range_start_ms and z.started_ms < scope.range_end_ms
    and z.ended_ms - z.started_ms >= scope.min_dwell_ms
    and (z.role is null or $excluded is null or z.role <> $excluded)
    and ($only is null or z.role = $only)
group by scope.unit, slots.bucket
