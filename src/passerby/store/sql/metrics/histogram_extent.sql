-- The first and the last instant at which anybody was in one of the zones; null when nobody was. Staff left out.
-- A stay is over at its end, unless it has no length.
select min(z.started_ms) as first_ms, max(greatest(z.started_ms, z.ended_ms - 1)) as last_ms
from zone_visits as z
join scope on scope.sensor_id = z.sensor_id and scope.part_id = z.zone_id
where z.role is null or z.role <> $excluded
