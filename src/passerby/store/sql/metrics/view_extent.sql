-- The start of the first and of the last view of the asked screens, of those whose role counts; null without any.
select min(v.started_ms) as first_ms, max(v.started_ms) as last_ms
from views as v
where v.sensor_id in (select scope.sensor_id from scope)
    and {{ metrics/counted_roles }}
