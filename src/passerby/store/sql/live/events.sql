-- The joins and leaves of zones of the rows numbered $after_seq + 1 to $last_seq that matter now: at or after $since_ms.
select sensor_id, trigger_id, started_ms, event_type, object_id
from events
where started_ms >= $since_ms and seq > $after_seq and seq <= $last_seq
    and event_type in ('RegionJoin', 'RegionLeave')
    and trigger_id is not null and object_id is not null
