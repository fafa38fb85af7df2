-- Each content shown in a watcher's view (attention > 0), with the view's bucket and kind of viewer: cell as in
-- view_cells.sql. $of_untold: in the untold views (content_looks.sql), or in all others.
select
    scope.unit,
    slots.bucket,
    v.seq,
    5 * (case v.gender when 'male' then 1 when 'female' then 2 else 0 end)
    + (case v.age_group when 'child' then 1 when 'young' then 2 when 'adult' then 3 when 'senior' then 4 else 0 end)
        as cell,
    each(v.contents) as shown
from views as v
join scope on scope.sensor_id = v.sensor_id
join slots on slots.slot = scope.slot_base + (v.started_ms - scope.slot_origin_ms) // scope.slot_ms
where v.started_ms >= $start_ms and v.started_ms < $end_ms
    and v.started_ms >= scope.range_start_ms and v.started_ms < scope.range_end_ms
    and v.attention_ms > 0 and v.contents is not null
    and $of_untold = (v.attention is not null and v.seq in (select untold.seq from untold))
    and {{ metrics/counted_roles }}
