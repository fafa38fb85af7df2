-- The stays in zones of at least the zone's minimum that peaks are made of: those that start in
-- [$start_ms, $end_ms) and those that started earlier and are still present at $start_ms.
select scope.unit, z.started_ms, z.ended_ms
from zone_visits as z
join scope on scope.sensor_id = z.sensor_id and scope.part_id = z.zone_id
where z.started_ms >= $start_ms and z.started_ms < $end_ms
    and z.ended_ms - z.started_ms >= scope.min_dwell_ms
    and (z.role is null or $excluded is null or z.role <> $excluded)
    and ($only is null or z.role = $only)
union all
select scope.unit, z.started_ms, z.ended_ms
from zone_visits as z
join scope on scope.sensor_id = z.sensor_id and scope.part_id = z.zone_id
where z.started_ms < $start_ms and z.ended_ms > $start_ms
    and z.ended_ms - z.started_ms >= scope.min_dwell_ms
    and (z.role is null or $excluded is null or z.role <> $excluded)
    and ($only is null or z.role = $only)
