-- What happened at some sensors, as the rows after $after_seq up to $until_seq tell, in order of arrival: what crossed
-- a line, came into a zone or left it, and other events. With `at_ms` in [$start_ms, $end_ms), at most $most of them.
with of_sensors as (
    select 2 * seq as id, sensor_id, started_ms as at_ms, 'TripwireCrossed' as event_type, line_id as part_id, class,
        origin, suborigin, age_range, gender, object_id, snapshot_id, record_id
    from crossings
    where seq > $after_seq and seq <= $until_seq
    union all
    select 2 * seq, sensor_id, started_ms, 'RegionJoin', zone_id, 'person',
        origin, suborigin, age_range, gender, object_id, snapshot_id, record_id
    from zone_visits
    where seq > $after_seq and seq <= $until_seq and not coalesce(also_events, false)
    union all
    select 2 * seq + 1, sensor_id, ended_ms, 'RegionLeave', zone_id, 'person',
        origin, suborigin, age_range, gender, object_id, snapshot_id, record_id
    from zone_visits
    where seq > $after_seq and seq <= $until_seq and not coalesce(also_events, false)
    union all
    select 2 * seq, sensor_id, started_ms, event_type, trigger_id, null,
        origin, suborigin, age_range, gender, object_id, snapshot_id, record_id
    from events
    where seq > $after_seq and seq <= $until_seq
)
select of_sensors.*
from of_sensors semi join wanted_sensors on of_sensors.sensor_id = wanted_sensors.sensor_id
where at_ms >= $start_ms and at_ms < $end_ms
order by id
limit $most
