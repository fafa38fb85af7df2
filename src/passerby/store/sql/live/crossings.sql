-- The crossings of the rows numbered $after_seq + 1 to $last_seq that matter now: at or after $since_ms.
select sensor_id, line_id, started_ms, direction, class, role
from crossings
where started_ms >= $since_ms and seq > $after_seq and seq <= $last_seq
