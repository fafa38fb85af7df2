-- The zone_visits of the rows numbered $after_seq + 1 to $last_seq that matter now: not ended by $since_ms, or, of those
-- whose ends are events too, by $joined_since_ms: they say which joins are over.
select sensor_id, zone_id, started_ms, ended_ms, role, object_id, also_events
from zone_visits
where (ended_ms > $since_ms or (also_events and ended_ms >= $joined_since_ms))
    and seq > $after_seq and seq <= $last_seq
