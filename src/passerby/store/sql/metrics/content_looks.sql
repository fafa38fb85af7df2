-- When the persons looked in the watchers' views that do not say of every content shown how long it was looked at:
-- stretches of looking and not looking, one after another. These are the untold views.
select v.seq, v.attention
from views as v
where v.started_ms >= $start_ms and v.started_ms < $end_ms
    and v.attention_ms > 0 and v.attention is not null and v.contents is not null
    and v.seq in (
        select entries.seq
        from (
            select u.seq, each(u.contents) as shown
            from views as u
            where u.started_ms >= $start_ms and u.started_ms < $end_ms
                and u.attention_ms > 0 and u.attention is not null and u.contents is not null
                and u.sensor_id in (select scope.sensor_id from scope)
        ) as entries
        where entries.shown.attention_ms is null
    )
