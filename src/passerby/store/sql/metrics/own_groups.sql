-- Groups that sensors named themselves, per unit and bucket of the group's first member.
-- A sensor's name means the same group while its members come within $same_name_ms of each other; $seen_ms looks back
-- by as much, so the range that is asked for does not decide what is a group. Members are visits that are not bounces.
select firsts.unit, slots.bucket, count(*) as group_visits
from (
    select
        scope.unit,
        v.started_ms,
        v.started_ms - lag(v.started_ms, 1, -1 - $same_name_ms) over (
            partition by scope.unit, v.sensor_id, v.visit_group
            order by v.started_ms
        ) as pause_ms
    from visits as v
    join scope on scope.sensor_id = v.sensor_id
    where v.started_ms >= $seen_ms and v.started_ms < $end_ms
        and v.visit_group is not null
        and (v.ended_ms is null or v.ended_ms - v.started_ms >= scope.bounce_ms)
        and (v.role is null or $excluded is null or v.role <> $excluded)
        and ($only is null or v.role = $only)
) as firsts
join frames on frames.unit = firsts.unit
join slots on slots.slot = frames.slot_base + (firsts.started_ms - frames.slot_origin_ms) // frames.slot_ms
where firsts.pause_ms > $same_name_ms
    and firsts.started_ms >= frames.range_start_ms and firsts.started_ms < frames.range_end_ms
group by firsts.unit, slots.bucket
