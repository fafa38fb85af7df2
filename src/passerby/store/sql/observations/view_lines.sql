-- Raw rows of views as JSON lines, each with its line end.
select to_json(o) || chr(10) as line
from (
    select
        'view' as kind,
        sensor_id as sensor,
        coalesce(id, printed(identity)) as id,
        rfc3339(started_ms) as "start",
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
    where sensor_id in (select sensor_id from wanted_sensors)
      and started_ms >= $start_ms and started_ms < $end_ms
      and received_ms >= $received_from_ms
      and seq > $after_seq and seq <= $until_seq
) o
