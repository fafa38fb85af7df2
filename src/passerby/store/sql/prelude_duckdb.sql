-- Names that both engines know, so that one text of a query serves both. Set up once, when this file changes.
-- Each statement ends with a semicolon at the end of its line.

-- Integer division that rounds towards zero: a DuckDB // and ClickHouse intDiv() agree on it.
create or replace macro whole(a, b) as a // b;

-- One row per element of a list.
create or replace macro each(l) as unnest(l);

-- The id that stands outside for an identity that was derived or hidden: "~" and 16 hexadecimal digits.
create or replace macro printed(identity) as '~' || lower(lpad(hex(identity), 16, '0'));

-- UTC milliseconds as RFC 3339.
create or replace macro rfc3339(ms) as strftime(make_timestamp_ms(ms), '%Y-%m-%dT%H:%M:%S.%gZ');

-- A sensor's name of a group as 64 bits, the same in every release: `named_visits` holds it.
create or replace macro group_key(sensor, name) as md5_number_lower(sensor || ' ' || name);

-- A wall clock, given as milliseconds since 1970-01-01 on itself, as text without an offset.
create or replace macro wall(ms) as strftime(make_timestamp_ms(ms), '%Y-%m-%dT%H:%M:%S');

-- Milliseconds as tenths of seconds, rounded half up.
create or replace macro tenths(ms) as (ms + 50) // 100;

-- The percentage that one weight of a mood is of all; null where there is no mood.
create or replace macro mood_share(mood, part) as case
    when mood.very_happy + mood.happy + mood.neutral + mood.unhappy + mood.very_unhappy > 0 then 100.0::double * part
        / (mood.very_happy + mood.happy + mood.neutral + mood.unhappy + mood.very_unhappy)
end;

-- Whether any of the contents shown in a view is one of these ids.
create or replace macro shows_any(contents, ids) as list_has_any(list_transform(contents, lambda c: c.content_id), ids);

-- The contents shown in a view, each once.
create or replace macro shown_ids(contents) as list_distinct(list_transform(contents, lambda c: c.content_id));

-- For how many of a view's milliseconds each emotion was seen: [angry, happy, neutral, surprised]. Nothing is known of
-- the rest. Emotions follow one another from the view's start, and what lies beyond its end is cut off; without them the
-- weights of a mood share the view, the unhappy ones as angry.
create or replace macro emotion_times(emotions, mood, duration) as case
    when emotions is null or len(emotions) = 0 then mood_times(mood, duration)
    when list_sum(list_transform(emotions, lambda e: e.ms)) <= duration then list_transform(
        ['angry', 'happy', 'neutral', 'surprised'],
        lambda name: list_sum(list_transform(emotions, lambda e: case when e.emotion = name then e.ms else 0 end))::bigint
    )
    else cut_times(emotions, duration)
end;

-- As emotion_times, of emotions that together are longer than their view. The lists that are added up begin with how
-- much of the view is over.
create or replace macro cut_times(emotions, duration) as list_slice(
    list_reduce(
        list_transform(emotions, lambda e: [
            least(e.ms, duration),
            case when e.emotion = 'angry' then least(e.ms, duration) else 0 end,
            case when e.emotion = 'happy' then least(e.ms, duration) else 0 end,
            case when e.emotion = 'neutral' then least(e.ms, duration) else 0 end,
            case when e.emotion = 'surprised' then least(e.ms, duration) else 0 end
        ]),
        lambda a, b: [
            a[1] + b[1],
            a[2] + least(b[2], greatest(duration - a[1], 0)),
            a[3] + least(b[3], greatest(duration - a[1], 0)),
            a[4] + least(b[4], greatest(duration - a[1], 0)),
            a[5] + least(b[5], greatest(duration - a[1], 0))
        ]
    ),
    2, 5
);

-- As emotion_times, of a mood: its edges lie at whole milliseconds, rounded down, so that the parts add up to the view.
create or replace macro mood_times(mood, duration) as case
    when mood.very_happy + mood.happy + mood.neutral + mood.unhappy + mood.very_unhappy > 0 then [
        mood_edge(mood, mood.unhappy + mood.very_unhappy, duration),
        mood_edge(mood, mood.unhappy + mood.very_unhappy + mood.very_happy + mood.happy, duration)
            - mood_edge(mood, mood.unhappy + mood.very_unhappy, duration),
        duration - mood_edge(mood, mood.unhappy + mood.very_unhappy + mood.very_happy + mood.happy, duration),
        0
    ]
    else [0::bigint, 0, 0, 0]
end;
create or replace macro mood_edge(mood, weight, duration) as (
    duration::hugeint * weight
    // (mood.very_happy + mood.happy + mood.neutral + mood.unhappy + mood.very_unhappy)
)::bigint;

-- A view's time by emotion: the number of each that was seen (0 unknown, 1 angry, 2 happy, 3 neutral, 4 surprised), its
-- ms, and `main` = 1 for the one seen the longest, of equals the first; unknown only if no other was seen.
create or replace macro emotion_parts(times, duration) as list_filter(
    list_transform(
        list_prepend(duration - list_sum(times)::bigint, times),
        lambda each_ms, nth: {
            'emotion': nth - 1,
            'ms': each_ms,
            'main': case
                when nth = (case when list_max(times) > 0 then list_position(times, list_max(times)) + 1 else 1 end) then 1
                else 0
            end
        }
    ),
    lambda p: p.ms > 0 or p.main = 1
);

-- As wall, with microseconds.
create or replace macro wall_precise(ms) as strftime(make_timestamp_ms(ms), '%Y-%m-%dT%H:%M:%S.%f');

-- The milliseconds of all intervals of a list; 0 without one.
create or replace macro length_of(intervals) as coalesce(list_sum(list_transform(intervals, lambda i: i.ms)), 0)::bigint;

-- A look of so many milliseconds; none of 0.
create or replace macro looked(ms) as case when ms > 0 then [{'looking': true, 'ms': ms}] else [] end;

-- Intervals without what lies beyond `duration`.
create or replace macro cut_off(intervals, duration) as list_filter(
    list_transform(intervals, lambda i, nth: struct_update(
        i, ms := least(i.ms, greatest(duration - length_of(intervals[:nth - 1]), 0))
    )),
    lambda i: i.ms > 0
);

-- The intervals of a mood, from its mood_times.
create or replace macro mood_intervals(times) as list_filter(
    [
        {'emotion': 'angry', 'ms': times[1]},
        {'emotion': 'happy', 'ms': times[2]},
        {'emotion': 'neutral', 'ms': times[3]}
    ],
    lambda i: i.ms > 0
);
