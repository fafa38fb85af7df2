-- Every movement of persons over the entrance lines (doors) in [$seen_ms, $end_ms): how many came in and went out.
-- `visits`: those of them whom no visit reports. `person`: one such individual, so a member of a group.
-- A count acts at its start.
select
    doors.unit,
    c.started_ms,
    (c.direction = 'in')::double as came,
    (c.direction = 'out')::double as went,
    (c.direction = 'in' and not c.also_visit)::double as visits,
    c.direction = 'in' and not c.also_visit as person
from crossings as c
join doors on doors.sensor_id = c.sensor_id and doors.part_id = c.line_id
where c.started_ms >= $seen_ms and c.started_ms < $end_ms
    and c.class = 'person'
    and (c.role is null or $excluded is null or c.role <> $excluded)
    and ($only is null or c.role = $only)
union all
select doors.unit, n.started_ms, n.count_in, n.count_out, n.count_in, false
from counts as n
join doors on doors.sensor_id = n.sensor_id and doors.part_id = n.line_id
where n.started_ms >= $seen_ms and n.started_ms < $end_ms
    and n.class = 'person' and $with_counts
