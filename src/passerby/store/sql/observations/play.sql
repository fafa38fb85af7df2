-- Raw rows of plays, in the native wire form (times as UTC ms).
select
    sensor_id as sensor,
    coalesce(id, printed(identity)) as id,
    content_id as content,
    started_ms as "start",
    ended_ms - started_ms as duration_ms
from plays
{{ observations/wanted }}
