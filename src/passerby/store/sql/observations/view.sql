-- Raw rows of views, in the native wire form (times as UTC ms).
select
    sensor_id as sensor,
    coalesce(id, printed(identity)) as id,
    started_ms as "start",
    ended_ms - started_ms as duration_ms,
    case when attention is null then attention_ms end as attention_ms,
    attention,
    gender,
    age_group,
    age,
    glasses,
    mustache,
    beard,
    mood,
    emotions,
    list_transform(
        contents,
        lambda c: struct_pack(
            content := c.content_id,
            start_ms := c.start_ms,
            duration_ms := c.duration_ms,
            attention_ms := c.attention_ms,
            mood := c.mood
        )
    ) as contents,
    session,
    role
from views
{{ observations/wanted }}
