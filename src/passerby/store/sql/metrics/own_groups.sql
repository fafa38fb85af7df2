-- Groups that sensors named themselves, per unit and bucket of the group's first member over all history.
-- Only names that occur in the range are followed back. Members are visits that are not bounces.
select firsts.unit, slots.bucket, count(*) as group_visits
from (
    select scope.unit, v.sensor_id, v.visit_group, min(v.started_ms) as started_ms
    from visits as v
    join scope on scope.sensor_id = v.sensor_id
    where v.started_ms < $end_ms
        and v.visit_group is not null
        and (v.sensor_id, v.visit_group) in (
            select w.sensor_id, w.visit_group
            from visits as w
            where w.started_ms >= $start_ms and w.started_ms < $end_ms
                and w.visit_group is not null
                and w.sensor_id in (select scope.sensor_id from scope)
        )
        and (v.ended_ms is null or v.ended_ms - v.started_ms >= scope.bounce_ms)
        and (v.role is null or $excluded is null or v.role <> $excluded)
        and ($only is null or v.role = $only)
    group by scope.unit, v.sensor_id, v.visit_group
) as firsts
join frames on frames.unit = firsts.unit
join slots on slots.slot = frames.slot_base + (firsts.started_ms - frames.slot_origin_ms) // frames.slot_ms
where firsts.started_ms >= frames.range_start_ms and firsts.started_ms < frames.range_end_ms
group by firsts.unit, slots.bucket
