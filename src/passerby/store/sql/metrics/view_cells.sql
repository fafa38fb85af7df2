-- As views.sql, for each kind of viewer: cell = 5 * gender (0 unknown, 1 male, 2 female)
-- + age group (0 unknown, 1 child, 2 young, 3 adult, 4 senior).
select
    scope.unit,
    slots.bucket,
    5 * (case v.gender when 'male' then 1 when 'female' then 2 else 0 end)
    + (case v.age_group when 'child' then 1 when 'young' then 2 when 'adult' then 3 when 'senior' then 4 else 0 end)
        as cell,
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
group by scope.unit, slots.bucket, cell
