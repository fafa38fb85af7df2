-- The stays that histograms of [$start_ms, $end_ms) are made of: those that start in it, and those that started
-- earlier and are still present. Staff left out.
select scope.unit, z.started_ms, z.ended_ms
from zone_visits as z
join scope on scope.sensor_id = z.sensor_id and scope.part_id = z.zone_id
where z.started_ms >= $start_ms and z.started_ms < $end_ms
    and (z.role is null or z.role <> $excluded)
union all
select scope.unit, z.started_ms, z.ended_ms
from zone_visits as z
join scope on scope.sensor_id = z.sensor_id and scope.part_id = z.zone_id
where z.started_ms < $start_ms and z.ended_ms > $start_ms
    and (z.role is null or z.role <> $excluded)
