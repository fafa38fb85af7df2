-- Passages of persons per unit and bucket of their start.
select scope.unit, slots.bucket, count(*) as walk_bys
from passages as p
join scope on scope.sensor_id = p.sensor_id
join slots on slots.slot = (p.started_ms + scope.slot_shift_ms) // scope.slot_ms
where p.started_ms >= $start_ms and p.started_ms < $end_ms
    and p.started_ms >= scope.range_start_ms and p.started_ms < scope.range_end_ms
    and p.class = 'person'
group by scope.unit, slots.bucket
