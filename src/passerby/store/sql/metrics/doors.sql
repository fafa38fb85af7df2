-- Who came in over the entrance lines, per unit and bucket.
-- Fractions are added as decimals, so the order of arrival does not show.
select move.unit, slots.bucket, sum(move.all_visits::decimal(28, 9))::double as all_visits
from (
    {{ metrics/each_door_move }}
) as move
join slots on slots.slot = (move.started_ms + move.slot_shift_ms) // move.slot_ms
where move.started_ms >= $start_ms and move.started_ms < $end_ms
    and move.started_ms >= move.range_start_ms and move.started_ms < move.range_end_ms
group by move.unit, slots.bucket
