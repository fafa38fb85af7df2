-- Each visit of the units (scope): whether it is a bounce, and its dwell time, which bounces and visits of unknown
-- duration do not have (null). Visits are classified here and nowhere else; the engine (visits) and the kernels
-- (visit_rows) only count these rows and add up these columns.
select
    scope.*,
    v.started_ms,
    v.ended_ms,
    v.visit_group,
    {{ metrics/bounced }} as bounce,
    case
        when not {{ metrics/bounced }} then v.ended_ms - v.started_ms
    end as dwell_ms
from visits as v
join scope on scope.sensor_id = v.sensor_id
where {{ metrics/counted_roles }}
