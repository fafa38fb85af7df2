-- The visits of the rows numbered $after_seq + 1 to $last_seq that matter now: not ended by $since_ms.
select sensor_id, started_ms, ended_ms, role
from visits
where ended_ms > $since_ms and seq > $after_seq and seq <= $last_seq
