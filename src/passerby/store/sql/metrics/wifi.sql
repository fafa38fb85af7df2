-- WiFi visits per unit and bucket of their start. Signals of at least scope.visit_rssi visited, weaker ones walked by;
-- of those who visited, the shorter than scope.bounce_ms are bounces, and the others' stays add up and fall into bins.
-- Devices with made-up addresses are counted for themselves, or left out where scope.with_randomized is false.
-- A unit counts the observations of one zone of a sensor (part_id), or those without a zone (part_id -1).
select
    found.unit,
    found.bucket,
    count(*) filter (found.visited) as wifi_all_visits,
    count(*) filter (found.stayed) as wifi_visits,
    count(*) filter (found.visited and not found.stayed) as wifi_bounces,
    count(*) filter (not found.visited) as wifi_walk_bys,
    count(*) filter (found.stayed and found.randomized) as wifi_randomized_visits,
    coalesce(sum(found.duration_ms) filter (found.stayed), 0)::bigint as wifi_dwell_time,
    count(*) filter (found.stayed and found.duration_ms < 900000) as wifi_under_15,
    count(*) filter (found.stayed and found.duration_ms >= 900000 and found.duration_ms < 1800000) as wifi_15_30,
    count(*) filter (found.stayed and found.duration_ms >= 1800000 and found.duration_ms < 2700000) as wifi_30_45,
    count(*) filter (found.stayed and found.duration_ms >= 2700000 and found.duration_ms < 3600000) as wifi_45_60,
    count(*) filter (found.stayed and found.duration_ms >= 3600000) as wifi_over_60
from (
    select
        scope.unit,
        slots.bucket,
        w.ended_ms - w.started_ms as duration_ms,
        coalesce(w.randomized, false) as randomized,
        w.rssi >= scope.visit_rssi as visited,
        w.rssi >= scope.visit_rssi and w.ended_ms - w.started_ms >= scope.bounce_ms as stayed
    from wifi_visits as w
    join scope on scope.sensor_id = w.sensor_id and scope.part_id = coalesce(w.zone_id, -1)
    join slots on slots.slot = (w.started_ms + scope.slot_shift_ms) // scope.slot_ms
    where w.started_ms >= $start_ms and w.started_ms < $end_ms
        and w.started_ms >= scope.range_start_ms and w.started_ms < scope.range_end_ms
        and (scope.with_randomized or not coalesce(w.randomized, false))
) as found
group by found.unit, found.bucket
