-- Raw rows of visits as JSON lines, each with its line end.
select to_json(o) || chr(10) as line
from (
    select
        'visit' as kind,
        sensor_id as sensor,
        coalesce(id, printed(identity)) as id,
        rfc3339(started_ms) as "start",
        ended_ms - started_ms as duration_ms,
        visit_group as "group",
        role
    from visits
    where sensor_id in (select sensor_id from wanted_sensors)
      and started_ms >= $start_ms and started_ms < $end_ms
      and received_ms >= $received_from_ms
      and seq > $after_seq and seq <= $until_seq
) o
