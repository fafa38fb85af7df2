-- Raw rows of crossings as JSON lines, each with its line end.
select to_json(o) || chr(10) as line
from (
    select
        'crossing' as kind,
        sensor_id as sensor,
        coalesce(id, printed(identity)) as id,
        origin,
        suborigin,
        age_range,
        gender,
        object_id,
        snapshot_id,
        record_id,
        line_id as "line",
        rfc3339(started_ms) as "at",
        direction,
        class,
        also_visit,
        role
    from crossings
    where sensor_id in (select sensor_id from wanted_sensors)
      and started_ms >= $start_ms and started_ms < $end_ms
      and received_ms >= $received_from_ms
      and seq > $after_seq and seq <= $until_seq
) o
