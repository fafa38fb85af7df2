-- When a name that a sensor gave to a group was last used before $start_ms, for each of `names` that was.
-- $names_ms bounds how far back a name can matter. Members of groups are visits that are not bounces.
select names.number, max(v.started_ms) as started_ms
from named_visits as v
join names on names.sensor_id = v.sensor_id and names.visit_group = v.visit_group
where v.started_ms >= $names_ms and v.started_ms < $start_ms
    and not coalesce(v.ended_ms - v.started_ms < names.bounce_ms, false)
    and (v.role is null or $excluded is null or v.role <> $excluded)
    and ($only is null or v.role = $only)
group by names.number
