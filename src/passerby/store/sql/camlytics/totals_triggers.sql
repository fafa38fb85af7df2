-- Events by sensor and trigger (null: none).
select happened.sensor_id, happened.part_id, count(*) as events
from (
    {{ camlytics/happenings }}
) as happened
group by happened.sensor_id, happened.part_id
