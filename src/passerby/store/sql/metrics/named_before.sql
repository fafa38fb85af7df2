-- When a name that a sensor gave to a group was last used before $start_ms, for each of `names` that was.
-- $names_ms bounds how far back a name can matter. Members of groups are visits that are not bounces.
select asked.number, max(v.started_ms) as started_ms
from named_visits as v
join (
    select names.number, names.bounce_ms, group_key(names.sensor_id, names.visit_group) as name_key
    from names
) as asked on asked.name_key = v.name_key
where v.started_ms >= $names_ms and v.started_ms < $start_ms
    and {{ metrics/bounced }} is not true
    and {{ metrics/counted_roles }}
group by asked.number
