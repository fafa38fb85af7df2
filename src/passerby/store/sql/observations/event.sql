-- Raw rows of events, in the native wire form (times as UTC ms).
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
    started_ms as "at",
    event_type as "type",
    trigger_id as trigger
from events
{{ observations/wanted }}
