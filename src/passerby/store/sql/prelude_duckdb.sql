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
