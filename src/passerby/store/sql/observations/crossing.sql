-- Raw rows of crossings, in the native wire form (times as UTC ms).
select
    sensor_id as sensor,
    coalesce(id, printed(identity)) as id,
    origin,
    suborigin,
    age_range,
    gender,
    object_id,
    snapshot_id,
    record_id,
    line_id as "line",
    started_ms as "at",
    direction,
    class,
    also_visit,
    role
from crossings
{{ observations/wanted }}
