-- Passages per unit and bucket of their start: persons and vehicles, the vehicles of each class, and for how long.
select
    scope.unit,
    slots.bucket,
    sum(case when p.class = 'person' then 1 else 0 end)::bigint as footfall_count,
    sum(case when p.class = 'person' then p.ended_ms - p.started_ms else 0 end)::bigint as footfall_presence,
    sum(case when p.class = 'person' then 0 else p.ended_ms - p.started_ms end)::bigint as vehicle_presence,
    sum(case when p.class = 'car' then 1 else 0 end)::bigint as vehicle_car,
    sum(case when p.class = 'bus' then 1 else 0 end)::bigint as vehicle_bus,
    sum(case when p.class = 'truck' then 1 else 0 end)::bigint as vehicle_truck,
    sum(case when p.class = 'van' then 1 else 0 end)::bigint as vehicle_van,
    sum(case when p.class = 'bike' then 1 else 0 end)::bigint as vehicle_bike,
    sum(case when p.class = 'unknown' then 1 else 0 end)::bigint as vehicle_unknown
from passages as p
join scope on scope.sensor_id = p.sensor_id
join slots on slots.slot = (p.started_ms + scope.slot_shift_ms) // scope.slot_ms
where p.started_ms >= $start_ms and p.started_ms < $end_ms
    and p.started_ms >= scope.range_start_ms and p.started_ms < scope.range_end_ms
group by scope.unit, slots.bucket
