-- Of each sensor and hour of arrival from $received_from_ms on: how long after it was over the observation arrived that
-- arrived soonest. Below 0 when the sensor's clock is ahead. Left out are rows that say nothing about a clock: sessions of
-- WiFi devices, which are told late, intervals of counts and uptimes that were reported while they lasted, history (more
-- than $history_ms late), and imports (runs of row numbers in `quiet`).
select told.sensor_id, told.hour, min(told.delay_ms) as delay_ms
from (
    select sensor_id, seq, received_ms // 3600000 as hour, received_ms - coalesce(ended_ms, started_ms) as delay_ms
    from visits where received_ms >= $received_from_ms
    union all
    select sensor_id, seq, received_ms // 3600000, received_ms - coalesce(ended_ms, started_ms)
    from zone_visits where received_ms >= $received_from_ms and not coalesce(also_events, false)
    union all
    select sensor_id, seq, received_ms // 3600000, received_ms - coalesce(ended_ms, started_ms)
    from passages where received_ms >= $received_from_ms
    union all
    select sensor_id, seq, received_ms // 3600000, received_ms - coalesce(ended_ms, started_ms)
    from views where received_ms >= $received_from_ms
    union all
    select sensor_id, seq, received_ms // 3600000, received_ms - coalesce(ended_ms, started_ms)
    from plays where received_ms >= $received_from_ms
    union all
    select sensor_id, seq, received_ms // 3600000, received_ms - started_ms
    from crossings where received_ms >= $received_from_ms
    union all
    select sensor_id, seq, received_ms // 3600000, received_ms - started_ms
    from levels where received_ms >= $received_from_ms
    union all
    select sensor_id, seq, received_ms // 3600000, received_ms - started_ms
    from events where received_ms >= $received_from_ms
    union all
    select sensor_id, seq, received_ms // 3600000,
        case when ended_ms <= received_ms then received_ms - ended_ms else received_ms - started_ms end
    from counts where received_ms >= $received_from_ms and (ended_ms <= received_ms or started_ms > received_ms)
    union all
    select sensor_id, seq, received_ms // 3600000,
        case when ended_ms <= received_ms then received_ms - ended_ms else received_ms - started_ms end
    from uptimes where received_ms >= $received_from_ms and (ended_ms <= received_ms or started_ms > received_ms)
) as told
where told.delay_ms <= $history_ms
    and told.sensor_id in (select sensors.sensor_id from sensors)
    and not exists (select 1 from quiet where told.seq >= quiet.first_seq and told.seq <= quiet.last_seq)
group by told.sensor_id, told.hour
