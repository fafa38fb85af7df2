-- Events by sensor and type.
select happened.sensor_id, happened.event_type, count(*) as events
from (
    {{ camlytics/happenings }}
) as happened
group by happened.sensor_id, happened.event_type
