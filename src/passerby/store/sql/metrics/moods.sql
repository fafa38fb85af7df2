-- For how long the watchers of some sensors showed each mood, in ms, in views that start in [$start_ms, $end_ms).
select
    coalesce(sum(v.mood.very_happy), 0)::bigint as very_happy,
    coalesce(sum(v.mood.happy), 0)::bigint as happy,
    coalesce(sum(v.mood.neutral), 0)::bigint as neutral,
    coalesce(sum(v.mood.unhappy), 0)::bigint as unhappy,
    coalesce(sum(v.mood.very_unhappy), 0)::bigint as very_unhappy
from views as v
where v.started_ms >= $start_ms and v.started_ms < $end_ms
    and v.sensor_id in (select sensors.sensor_id from sensors)
    and v.attention_ms > 0
    and v.mood is not null
    and {{ metrics/counted_roles }}
