-- The views of the asked screens and range, with the bucket of their start, of those whose role counts.
from views as v
join scope on scope.sensor_id = v.sensor_id
join slots on slots.slot = (v.started_ms + scope.slot_shift_ms) // scope.slot_ms
where v.started_ms >= $start_ms and v.started_ms < $end_ms
    and v.started_ms >= scope.range_start_ms and v.started_ms < scope.range_end_ms
    and {{ metrics/counted_roles }}
