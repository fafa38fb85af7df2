-- The start of the latest observation of each zone: a stay, a level, a WiFi device or an event in it.
select seen.sensor_id, seen.zone_id, max(seen.last_ms) as last_ms
from (
    select sensor_id, zone_id, max(started_ms) as last_ms from zone_visits where seq > $after_seq and seq <= $last_seq group by all
    union all
    select sensor_id, zone_id, max(started_ms) from levels where seq > $after_seq and seq <= $last_seq group by all
    union all
    select sensor_id, zone_id, max(started_ms) from wifi_visits where seq > $after_seq and seq <= $last_seq group by all
    union all
    select sensor_id, trigger_id, max(started_ms) from events where seq > $after_seq and seq <= $last_seq group by all
) as seen
where seen.zone_id is not null
group by seen.sensor_id, seen.zone_id
