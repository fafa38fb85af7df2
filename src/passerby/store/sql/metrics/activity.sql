-- The five-minute slots, counted from $start_ms, in which each sensor observed anything at all in [$start_ms, $end_ms).
-- A sensor's uptime is no observation of something.
select f.sensor_id, (f.started_ms - $start_ms) // 300000 as slot
from visits as f
where f.started_ms >= $start_ms and f.started_ms < $end_ms
    and f.sensor_id in (select sensors.sensor_id from sensors)
union
select f.sensor_id, (f.started_ms - $start_ms) // 300000 as slot
from zone_visits as f
where f.started_ms >= $start_ms and f.started_ms < $end_ms
    and f.sensor_id in (select sensors.sensor_id from sensors)
union
select f.sensor_id, (f.started_ms - $start_ms) // 300000 as slot
from passages as f
where f.started_ms >= $start_ms and f.started_ms < $end_ms
    and f.sensor_id in (select sensors.sensor_id from sensors)
union
select f.sensor_id, (f.started_ms - $start_ms) // 300000 as slot
from views as f
where f.started_ms >= $start_ms and f.started_ms < $end_ms
    and f.sensor_id in (select sensors.sensor_id from sensors)
union
select f.sensor_id, (f.started_ms - $start_ms) // 300000 as slot
from plays as f
where f.started_ms >= $start_ms and f.started_ms < $end_ms
    and f.sensor_id in (select sensors.sensor_id from sensors)
union
select f.sensor_id, (f.started_ms - $start_ms) // 300000 as slot
from crossings as f
where f.started_ms >= $start_ms and f.started_ms < $end_ms
    and f.sensor_id in (select sensors.sensor_id from sensors)
union
select f.sensor_id, (f.started_ms - $start_ms) // 300000 as slot
from counts as f
where f.started_ms >= $start_ms and f.started_ms < $end_ms
    and f.sensor_id in (select sensors.sensor_id from sensors)
union
select f.sensor_id, (f.started_ms - $start_ms) // 300000 as slot
from levels as f
where f.started_ms >= $start_ms and f.started_ms < $end_ms
    and f.sensor_id in (select sensors.sensor_id from sensors)
union
select f.sensor_id, (f.started_ms - $start_ms) // 300000 as slot
from wifi_visits as f
where f.started_ms >= $start_ms and f.started_ms < $end_ms
    and f.sensor_id in (select sensors.sensor_id from sensors)
union
select f.sensor_id, (f.started_ms - $start_ms) // 300000 as slot
from events as f
where f.started_ms >= $start_ms and f.started_ms < $end_ms
    and f.sensor_id in (select sensors.sensor_id from sensors)
