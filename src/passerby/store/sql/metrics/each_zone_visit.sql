-- Each stay in the zones of the units (scope) that counts: of at least the zone's minimum. Stays are chosen here and
-- nowhere else; the engine (zones) and the kernels (zone_rows) only count these rows and add up their dwell time.
select
    scope.*,
    z.started_ms,
    z.ended_ms,
    z.ended_ms - z.started_ms as dwell_ms
from zone_visits as z
join scope on scope.sensor_id = z.sensor_id and scope.part_id = z.zone_id
where z.ended_ms - z.started_ms >= scope.min_dwell_ms
    and {{ metrics/counted_roles }}
