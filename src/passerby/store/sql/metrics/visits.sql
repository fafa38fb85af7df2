-- What the visits (each_visit) add up to, per unit and bucket of their start.
select
    visit.unit,
    slots.bucket,
    count(*) as all_visits,
    count(*) filter (visit.bounce) as bounces,
    coalesce(sum(visit.dwell_ms), 0)::bigint as dwell_time,
    count(visit.dwell_ms) as timed_visits
from (
    {{ metrics/each_visit }}
) as visit
join slots on slots.slot = (visit.started_ms + visit.slot_shift_ms) // visit.slot_ms
where visit.started_ms >= $start_ms and visit.started_ms < $end_ms
    and visit.started_ms >= visit.range_start_ms and visit.started_ms < visit.range_end_ms
group by visit.unit, slots.bucket
