-- The levels that sensors measured for the whole of what they see, in [$seen_ms, $end_ms).
select scope.unit, l.sensor_id, l.started_ms, l.value
from levels as l
join scope on scope.sensor_id = l.sensor_id
where l.started_ms >= $seen_ms and l.started_ms < $end_ms
    and l.zone_id is null
