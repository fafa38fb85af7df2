-- What is added up of views: how many, how many with attention (watchers), and for how long.
count(*) as ots,
sum(case when v.attention_ms > 0 then 1 else 0 end)::bigint as watchers,
sum(v.ended_ms - v.started_ms)::bigint as ots_dwell,
sum(case when v.attention_ms > 0 then v.ended_ms - v.started_ms else 0 end)::bigint as dwell,
sum(v.attention_ms)::bigint as attention
