-- Plays per unit, bucket of their start and content: how many, and for how long.
select
    scope.unit,
    slots.bucket,
    p.content_id,
    count(*) as play_count,
    sum(p.ended_ms - p.started_ms)::bigint as content_duration
from plays as p
join scope on scope.sensor_id = p.sensor_id
join slots on slots.slot = (p.started_ms + scope.slot_shift_ms) // scope.slot_ms
where p.started_ms >= $start_ms and p.started_ms < $end_ms
    and p.started_ms >= scope.range_start_ms and p.started_ms < scope.range_end_ms
    and ($every_content or p.content_id in (select wanted.content_id from wanted))
group by scope.unit, slots.bucket, p.content_id
