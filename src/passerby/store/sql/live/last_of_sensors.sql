-- The start of the latest observation of each sensor, of any kind: two narrow columns of each table.
select seen.sensor_id, max(seen.last_ms) as last_ms
from (
    select sensor_id, max(started_ms) as last_ms from visits where seq > $after_seq and seq <= $last_seq group by sensor_id
    union all
    select sensor_id, max(started_ms) from zone_visits where seq > $after_seq and seq <= $last_seq group by sensor_id
    union all
    select sensor_id, max(started_ms) from passages where seq > $after_seq and seq <= $last_seq group by sensor_id
    union all
    select sensor_id, max(started_ms) from views where seq > $after_seq and seq <= $last_seq group by sensor_id
    union all
    select sensor_id, max(started_ms) from plays where seq > $after_seq and seq <= $last_seq group by sensor_id
    union all
    select sensor_id, max(started_ms) from crossings where seq > $after_seq and seq <= $last_seq group by sensor_id
    union all
    select sensor_id, max(started_ms) from counts where seq > $after_seq and seq <= $last_seq group by sensor_id
    union all
    select sensor_id, max(started_ms) from levels where seq > $after_seq and seq <= $last_seq group by sensor_id
    union all
    select sensor_id, max(started_ms) from wifi_visits where seq > $after_seq and seq <= $last_seq group by sensor_id
    union all
    select sensor_id, max(started_ms) from events where seq > $after_seq and seq <= $last_seq group by sensor_id
    union all
    select sensor_id, max(started_ms) from uptimes where seq > $after_seq and seq <= $last_seq group by sensor_id
) as seen
group by seen.sensor_id
