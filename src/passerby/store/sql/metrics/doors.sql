-- Who came in over the entrance lines (doors), per unit and bucket: crossings of persons that no visit reports too,
-- and, with $with_counts, interval counts. Fractions are added as decimals, so the order of arrival does not show.
select moves.unit, moves.bucket, sum(moves.all_visits)::double as all_visits
from (
    select doors.unit, slots.bucket, count(*)::decimal(28, 9) as all_visits
    from crossings as c
    join doors on doors.sensor_id = c.sensor_id and doors.part_id = c.line_id
    join slots on slots.slot = doors.slot_base + (c.started_ms - doors.slot_origin_ms) // doors.slot_ms
    where c.started_ms >= $start_ms and c.started_ms < $end_ms
        and c.started_ms >= doors.range_start_ms and c.started_ms < doors.range_end_ms
        and c.class = 'person' and c.direction = 'in' and not c.also_visit
        and (c.role is null or $excluded is null or c.role <> $excluded)
        and ($only is null or c.role = $only)
    group by doors.unit, slots.bucket
    union all
    select doors.unit, slots.bucket, sum(n.count_in::decimal(28, 9)) as all_visits
    from counts as n
    join doors on doors.sensor_id = n.sensor_id and doors.part_id = n.line_id
    join slots on slots.slot = doors.slot_base + (n.started_ms - doors.slot_origin_ms) // doors.slot_ms
    where n.started_ms >= $start_ms and n.started_ms < $end_ms
        and n.started_ms >= doors.range_start_ms and n.started_ms < doors.range_end_ms
        and n.class = 'person' and $with_counts
    group by doors.unit, slots.bucket
) as moves
group by moves.unit, moves.bucket
