-- Raw rows of levels, in the native wire form (times as UTC ms).
select
    sensor_id as sensor,
    coalesce(id, printed(identity)) as id,
    started_ms as "at",
    value,
    zone_id as "zone"
from levels
{{ observations/wanted }}
