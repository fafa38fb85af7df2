-- Raw rows of counts, in the native wire form (times as UTC ms).
select
    sensor_id as sensor,
    coalesce(id, printed(identity)) as id,
    line_id as "line",
    started_ms as "start",
    ended_ms - started_ms as duration_ms,
    count_in as "in",
    count_out as "out",
    class
from counts
{{ observations/wanted }}
