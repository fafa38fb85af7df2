-- Raw rows of levels, in the native wire form (times as UTC ms).
select
    sensor_id as sensor,
    coalesce(id, printed(identity)) as id,
    started_ms as "at",
    value,
    zone_id as "zone"
from levels
where sensor_id in (select sensor_id from wanted_sensors)
  and started_ms >= $start_ms and started_ms < $end_ms
  and received_ms >= $received_from_ms
  and seq > $after_seq and seq <= $until_seq
