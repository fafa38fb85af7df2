-- WiFi visits (without bounces and walk-bys) of devices not seen, and seen, at their site before, per unit and bucket.
-- `sensors` are all sensors of the units' sites; $seen_ms looks back from $start_ms by more than the time for which a
-- device keeps its hash. Whoever was heard was seen: walk-bys, bounces and every zone count as seen.
-- A device's first stay is what the site was told (zone_id null) at the instant it was first seen; a visit of a zone
-- that starts in that stay is part of it, and so no return.
with seen as (
    select sensors.site_id, w.device, min(w.started_ms) as first_ms
    from wifi_visits as w
    join sensors on sensors.sensor_id = w.sensor_id
    where w.started_ms >= $seen_ms and w.started_ms < $end_ms
    group by sensors.site_id, w.device
),
first_stays as (
    select seen.site_id, seen.device, seen.first_ms, max(w.ended_ms) filter (w.zone_id is null) as until_ms
    from wifi_visits as w
    join sensors on sensors.sensor_id = w.sensor_id
    join seen on seen.site_id = sensors.site_id and seen.device = w.device and seen.first_ms = w.started_ms
    where w.started_ms >= $seen_ms and w.started_ms < $end_ms
    group by seen.site_id, seen.device, seen.first_ms
),
found as (
    select
        scope.unit,
        slots.bucket,
        w.started_ms = f.first_ms or coalesce(w.zone_id is not null and w.started_ms < f.until_ms, false) as is_new
    from wifi_visits as w
    join scope on scope.sensor_id = w.sensor_id and scope.part_id = coalesce(w.zone_id, -1)
    join slots on slots.slot = scope.slot_base + (w.started_ms - scope.slot_origin_ms) // scope.slot_ms
    join first_stays as f on f.site_id = scope.site_id and f.device = w.device
    where w.started_ms >= $start_ms and w.started_ms < $end_ms
        and w.started_ms >= scope.range_start_ms and w.started_ms < scope.range_end_ms
        and w.rssi >= scope.visit_rssi
        and w.ended_ms - w.started_ms >= scope.bounce_ms
)
select
    found.unit,
    found.bucket,
    count(*) filter (found.is_new) as wifi_new_visitors,
    count(*) filter (not found.is_new) as wifi_returning_visitors
from found
group by found.unit, found.bucket
