-- When somebody was last in front of each of the wanted screens.
select sensor_id, max(started_ms) as last_ms
from views
where sensor_id in (select sensor_id from wanted_sensors)
group by sensor_id
