-- Crossings of every class and, with $with_counts, interval counts, by direction, per unit and bucket of their start.
select moves.unit, moves.bucket, sum(moves.line_in)::double as line_in, sum(moves.line_out)::double as line_out
from (
    select
        scope.unit,
        slots.bucket,
        (count(*) filter (c.direction = 'in'))::decimal(28, 9) as line_in,
        (count(*) filter (c.direction = 'out'))::decimal(28, 9) as line_out
    from crossings as c
    join scope on scope.sensor_id = c.sensor_id and scope.part_id = c.line_id
    join slots on slots.slot = (c.started_ms + scope.slot_shift_ms) // scope.slot_ms
    where c.started_ms >= $start_ms and c.started_ms < $end_ms
        and c.started_ms >= scope.range_start_ms and c.started_ms < scope.range_end_ms
        and {{ metrics/counted_roles }}
    group by scope.unit, slots.bucket
    union all
    select
        scope.unit,
        slots.bucket,
        sum(n.count_in::decimal(28, 9)) as line_in,
        sum(n.count_out::decimal(28, 9)) as line_out
    from counts as n
    join scope on scope.sensor_id = n.sensor_id and scope.part_id = n.line_id
    join slots on slots.slot = (n.started_ms + scope.slot_shift_ms) // scope.slot_ms
    where n.started_ms >= $start_ms and n.started_ms < $end_ms
        and n.started_ms >= scope.range_start_ms and n.started_ms < scope.range_end_ms
        and $with_counts
    group by scope.unit, slots.bucket
) as moves
group by moves.unit, moves.bucket
