-- Raw sessions as JSON objects, each with a comma behind it, in order of their begin. The intervals of looking, and those
-- of emotions, fill the session: what a sensor does not tell is time without a look, and without a known emotion.
select to_json({
    'a': case s.age_group when 'child' then 0 when 'young' then 1 when 'adult' then 2 when 'senior' then 3 else -1 end,
    'at': list_transform(s.looks, lambda l: {'a': case when l.looking then 1 else 0 end, 'd': l.ms})
        || case when s.ms > length_of(s.looks) then [{'a': 0, 'd': s.ms - length_of(s.looks)}] else [] end,
    'b': wall_precise(s.started_ms + $offset_ms),
    'd': s.sensor_id,
    'e': wall_precise(s.ended_ms + $offset_ms),
    'em': list_transform(s.seen, lambda m: {'d': m.ms, 'e': case m.emotion
        when 'neutral' then 0 when 'happy' then 1 when 'angry' then 2 when 'surprised' then 3 else -1
    end}) || case when s.ms > length_of(s.seen) then [{'d': s.ms - length_of(s.seen), 'e': -1}] else [] end,
    'i': s.ms,
    'o': s.session_number,
    's': case s.gender when 'female' then 0 when 'male' then 1 else -1 end,
    'v': list_transform(coalesce(s.contents, []), lambda c: {'d': c.duration_ms, 'i': c.content_id, 's': c.start_ms})
}) || ',' as line
from (
    select
        v.*,
        v.ended_ms - v.started_ms as ms,
        -- Intervals that together are longer than the session are not believed; how long the person looked, is.
        case
            when length_of(v.attention) <= v.ended_ms - v.started_ms then coalesce(v.attention, looked(v.attention_ms))
            else looked(v.attention_ms)
        end as looks,
        case
            when coalesce(len(v.emotions), 0) = 0 then mood_intervals(mood_times(v.mood, v.ended_ms - v.started_ms))
            when length_of(v.emotions) <= v.ended_ms - v.started_ms then v.emotions
            else cut_off(v.emotions, v.ended_ms - v.started_ms)
        end as seen
    {{ seemetrix/wanted_views }}
) as s
order by s.started_ms, s.sensor_id, s.seq
