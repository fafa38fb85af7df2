-- Raw rows of passages, in the native wire form (times as UTC ms).
select
    sensor_id as sensor,
    coalesce(id, printed(identity)) as id,
    started_ms as "start",
    ended_ms - started_ms as duration_ms,
    class,
    color
from passages
{{ observations/wanted }}
