-- The contents shown in untold views, entry by entry.
select
    entries.unit,
    entries.bucket,
    entries.seq,
    entries.shown.content_id as content_id,
    entries.cell,
    entries.shown.start_ms as start_ms,
    entries.shown.duration_ms as duration_ms,
    coalesce(entries.shown.attention_ms, -1) as attention_ms
from (
    {{ metrics/each_content_view }}
) as entries
where $every_content or entries.shown.content_id in (select wanted.content_id from wanted)
