-- As breakdown.sql, also by content and emotion. A view counts for each of the contents shown in it, once and whole;
-- it counts for the emotion seen the longest, and its time is split by emotion.
select
    parts.sensor,
    parts.slot,
    parts.gender,
    parts.age_group,
    parts.length,
    parts.content,
    parts.part.emotion as emotion,
    sum(parts.part.main)::bigint as ots,
    sum(case when parts.watched then parts.part.main else 0 end)::bigint as watchers,
    sum(parts.part.ms)::bigint as ots_dwell,
    sum(case when parts.watched then parts.part.ms else 0 end)::bigint as dwell
from (
    select shown.*, each(shown.by_emotion) as part
    from (
        select
            {{ metrics/breakdown_keys }},
            v.attention_ms > 0 as watched,
            each(case when $by_content then shown_ids(v.contents) else [0::bigint] end) as content,
            case
                when $by_emotion then emotion_parts(
                    emotion_times(v.emotions, v.mood, v.ended_ms - v.started_ms), v.ended_ms - v.started_ms
                )
                else [{'emotion': 0, 'ms': v.ended_ms - v.started_ms, 'main': 1}]
            end as by_emotion
        {{ metrics/each_view }}
            and (not $by_content or v.contents is not null)
    ) as shown
    where $every_content or shown.content in (select wanted.content_id from wanted)
) as parts
group by all
