-- The finest vehicles export: one JSON object a vehicle, each with a comma behind it.
select to_json(r) || ',' as line
from (
    select
        p.sensor_id as location_id,
        wall(p.started_ms + s.offset_ms) as period_start,
        wall(p.started_ms + s.offset_ms)[:10] as period_start_date,
        wall(p.started_ms + s.offset_ms)[12:] as period_start_time,
        {{ quividi/vehicle_type }} as "type",
        {{ quividi/vehicle_color }} as color,
        tenths(p.ended_ms - p.started_ms) as vehicle_presence_time,
        {{ quividi/vehicle_factor }} as vehicle_impressions,
        {{ quividi/vehicle_factor }} as impressions_per_vehicle
    {{ quividi/passersby }}
) as r
