-- WiFi visits (without bounces and walk-bys) of devices not seen, and seen, at their site before, per unit and bucket.
-- `sensors` are all sensors of the units' sites, each with where its site's periods of recognition (days, weeks, months
-- of local time, or all time) find their slots, and with the start of the first one that the window touches (seen_ms);
-- `periods` says which period a slot belongs to. Whoever was heard in the period was seen: walk-bys, bounces and every
-- zone count as seen. Devices with made-up addresses are left out where with_randomized is false.
-- A device's first stay is what the site was told (zone_id null) at the instant it was first seen; a visit of a zone
-- that starts in that stay, before its end, is part of it, and so no return.
with heard as (
    select
        sensors.site_id,
        periods.period,
        w.device,
        w.sensor_id,
        w.zone_id,
        w.started_ms,
        w.ended_ms,
        w.rssi
    from wifi_visits as w
    join sensors on sensors.sensor_id = w.sensor_id
    join periods on periods.slot = sensors.period_base + (w.started_ms - sensors.period_origin_ms) // sensors.period_ms
    where w.started_ms >= $seen_ms and w.started_ms < $end_ms
        and w.started_ms >= sensors.seen_ms
        and (sensors.with_randomized or not coalesce(w.randomized, false))
),
seen as (
    select heard.site_id, heard.period, heard.device, min(heard.started_ms) as first_ms
    from heard
    group by heard.site_id, heard.period, heard.device
),
first_stays as (
    select
        seen.site_id, seen.period, seen.device, seen.first_ms,
        max(heard.ended_ms) filter (heard.zone_id is null) as until_ms
    from heard
    join seen on seen.site_id = heard.site_id and seen.period = heard.period and seen.device = heard.device
        and seen.first_ms = heard.started_ms
    group by seen.site_id, seen.period, seen.device, seen.first_ms
),
found as (
    select
        scope.unit,
        slots.bucket,
        w.started_ms = f.first_ms or coalesce(w.zone_id is not null and w.started_ms < f.until_ms, false) as is_new
    from heard as w
    join scope on scope.sensor_id = w.sensor_id and scope.part_id = coalesce(w.zone_id, -1)
    join slots on slots.slot = (w.started_ms + scope.slot_shift_ms) // scope.slot_ms
    join first_stays as f on f.site_id = w.site_id and f.period = w.period and f.device = w.device
    where w.started_ms >= $start_ms
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
