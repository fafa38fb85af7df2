-- Views per unit and bucket of their start: how many, how many with attention (watchers), and for how long.
select
    scope.unit,
    slots.bucket,
    count(*) as ots,
    sum(case when v.attention_ms > 0 then 1 else 0 end)::bigint as watchers,
    sum(v.ended_ms - v.started_ms)::bigint as ots_dwell,
    sum(case when v.attention_ms > 0 then v.ended_ms - v.started_ms else 0 end)::bigint as dwell,
    sum(v.attention_ms)::bigint as attention
from views as v
join scope on scope.sensor_id = v.sensor_id
join slots on slots.slot = scope.slot_base + (v.started_ms - scope.slot_origin_ms) // scope.slot_ms
where v.started_ms >= $start_ms and v.started_ms < $end_ms
    and v.started_ms >= scope.range_start_ms and v.started_ms < scope.range_end_ms
    and (v.role is null or $excluded is null or v.role <> $excluded)
    and ($only is null or v.role = $only)
group by scope.unit, slots.bucket
