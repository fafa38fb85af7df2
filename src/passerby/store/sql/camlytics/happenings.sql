-- Everything that happened according to the facts that are asked for, one row an event; included by the queries of this
-- folder. Columns in the order of `dialects/camlytics/events.Happening`. A stay is its two ends, unless events of
-- its own report them. `origins` says what a class means where a sensor gave no origin.
select happened.*
from (
    select
        2 * c.seq as id,
        c.sensor_id,
        c.started_ms as at_ms,
        'TripwireCrossed' as event_type,
        c.line_id as part_id,
        c.class,
        c.origin,
        c.suborigin,
        c.age_range,
        c.gender,
        c.object_id,
        c.snapshot_id,
        c.record_id
    from crossings as c
    where c.seq >= $first_seq and c.seq <= $last_seq
    union all
    select
        2 * z.seq,
        z.sensor_id,
        z.started_ms,
        'RegionJoin',
        z.zone_id,
        'person',
        z.origin,
        z.suborigin,
        z.age_range,
        z.gender,
        z.object_id,
        z.snapshot_id,
        z.record_id
    from zone_visits as z
    where z.seq >= $first_seq and z.seq <= $last_seq and not coalesce(z.also_events, false)
    union all
    select
        2 * z.seq + 1,
        z.sensor_id,
        z.ended_ms,
        'RegionLeave',
        z.zone_id,
        'person',
        z.origin,
        z.suborigin,
        z.age_range,
        z.gender,
        z.object_id,
        z.snapshot_id,
        z.record_id
    from zone_visits as z
    where z.seq >= $first_seq and z.seq <= $last_seq and not coalesce(z.also_events, false)
    union all
    select
        2 * e.seq,
        e.sensor_id,
        e.started_ms,
        e.event_type,
        e.trigger_id,
        null,
        e.origin,
        e.suborigin,
        e.age_range,
        e.gender,
        e.object_id,
        e.snapshot_id,
        e.record_id
    from events as e
    where e.seq >= $first_seq and e.seq <= $last_seq
) as happened
left join origins on origins.class = happened.class
where happened.sensor_id in (select wanted_sensors.sensor_id from wanted_sensors)
    and happened.id > $after_id and happened.id <= $until_id
    and happened.at_ms >= $since_ms and happened.at_ms < $until_ms
    and ($part_id is null or happened.part_id = $part_id)
    and (not $without_trigger or happened.part_id is null)
    and ($event_type is null or happened.event_type = $event_type)
    and ($origin is null or coalesce(happened.origin, origins.origin, 'Unknown') = $origin)
