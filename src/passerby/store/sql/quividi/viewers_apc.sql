-- The finest viewers-with-contents export, before contents have their names: a row a watcher who was shown any (of the
-- contents in `wanted`, unless $every_content). `attention`: when the person looked.
select
    wall(v.started_ms + s.offset_ms) as start_time,
    wall(v.started_ms + s.offset_ms) as period_start,
    wall(v.started_ms + s.offset_ms)[:10] as period_start_date,
    wall(v.started_ms + s.offset_ms)[12:] as period_start_time,
    {{ quividi/viewer }},
    s.expert,
    v.contents,
    v.attention
{{ quividi/watchers_apc }}
