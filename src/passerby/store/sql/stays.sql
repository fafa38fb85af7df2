-- The joins and leaves that were received since $received_from_ms, and whether their stay is known already: a zone visit
-- that says its coming and going are events too.
with halves as (
    select
        sensor_id,
        trigger_id as zone_id,
        object_id,
        started_ms as at_ms,
        event_type = 'RegionJoin' as joined,
        received_ms,
        origin,
        suborigin,
        age_range,
        gender,
        snapshot_id,
        record_id
    from events
    where received_ms >= $received_from_ms
        and event_type in ('RegionJoin', 'RegionLeave')
        and trigger_id is not null and object_id is not null
),

paired as (
    select distinct ends.sensor_id, ends.zone_id, ends.object_id, ends.at_ms, ends.joined
    from (
        select sensor_id, zone_id, object_id, started_ms as at_ms, true as joined
        from zone_visits
        where received_ms >= $received_from_ms and also_events
        union all
        select sensor_id, zone_id, object_id, ended_ms, false
        from zone_visits
        where received_ms >= $received_from_ms and also_events
    ) as ends
),

-- One that was sent again with something else said is the first that arrived.
firsts as (
    select *, row_number() over (
        partition by sensor_id, zone_id, object_id, at_ms, joined order by received_ms
    ) as copy
    from halves
)

select firsts.* exclude (copy), paired.at_ms is not null as paired
from firsts
left join paired
    on paired.sensor_id = firsts.sensor_id and paired.zone_id = firsts.zone_id
    and paired.object_id = firsts.object_id and paired.at_ms = firsts.at_ms and paired.joined = firsts.joined
where firsts.copy = 1
