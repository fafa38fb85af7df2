-- When the sensors say that they observed: every interval that touches [$start_ms, $end_ms].
select u.sensor_id, u.started_ms, u.ended_ms
from uptimes as u
where u.started_ms <= $end_ms and u.ended_ms >= $start_ms
    and u.sensor_id in (select sensors.sensor_id from sensors)
