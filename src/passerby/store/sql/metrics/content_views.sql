-- Watchers per unit, bucket and content (with $by_cell also per kind of viewer), those of more than 2 s, and for how
-- long the content and they met. A content shown twice in a view has one watcher there.
select
    met.unit,
    met.bucket,
    met.content_id,
    met.cell,
    count(*) as watchers,
    sum(case when met.attention > 2000 then 1 else 0 end)::bigint as watchers_2sec,
    sum(met.dwell)::bigint as dwell,
    sum(met.attention)::bigint as attention
from (
    select
        entries.unit,
        entries.bucket,
        entries.shown.content_id as content_id,
        case when $by_cell then min(entries.cell) else 0 end as cell,
        sum(entries.shown.duration_ms)::bigint as dwell,
        coalesce(sum(entries.shown.attention_ms), 0)::bigint as attention
    from (
        {{ metrics/each_content_view }}
    ) as entries
    where $every_content or entries.shown.content_id in (select wanted.content_id from wanted)
    group by entries.unit, entries.bucket, entries.seq, entries.shown.content_id
) as met
group by met.unit, met.bucket, met.content_id, met.cell
