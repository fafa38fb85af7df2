-- Each movement of persons over the entrance lines (doors): how many came in and went out, and what it adds to
-- all_visits: those who came in and whom no visit reports. Fractions of persons are possible in counts alone.
-- `person`: one such individual, so a member of a group. A count acts at its start; $with_counts says whether any do.
select
    doors.*,
    c.started_ms,
    (c.direction = 'in')::double as came,
    (c.direction = 'out')::double as went,
    (c.direction = 'in' and not c.also_visit)::double as all_visits,
    c.direction = 'in' and not c.also_visit as person
from crossings as c
join doors on doors.sensor_id = c.sensor_id and doors.part_id = c.line_id
where c.class = 'person'
    and {{ metrics/counted_roles }}
union all
select doors.*, n.started_ms, n.count_in, n.count_out, n.count_in, false
from counts as n
join doors on doors.sensor_id = n.sensor_id and doors.part_id = n.line_id
where n.class = 'person' and $with_counts
