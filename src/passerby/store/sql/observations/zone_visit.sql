-- Raw rows of zone_visits, in the native wire form (times as UTC ms).
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
    zone_id as "zone",
    started_ms as "start",
    ended_ms - started_ms as duration_ms,
    role,
    coalesce(also_events, false) as also_events
from zone_visits
{{ observations/wanted }}
