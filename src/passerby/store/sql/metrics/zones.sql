-- What the stays in zones (each_zone_visit) add up to, per unit and bucket of their start.
select
    stay.unit,
    slots.bucket,
    count(*) as zone_visits,
    sum(stay.dwell_ms)::bigint as zone_dwell_time
from (
    {{ metrics/each_zone_visit }}
) as stay
join slots on slots.slot = (stay.started_ms + stay.slot_shift_ms) // stay.slot_ms
where stay.started_ms >= $start_ms and stay.started_ms < $end_ms
    and stay.started_ms >= stay.range_start_ms and stay.started_ms < stay.range_end_ms
group by stay.unit, slots.bucket
