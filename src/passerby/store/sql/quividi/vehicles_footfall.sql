-- The finest export of both: of a person what belongs to vehicles is 0, and the other way round.
select to_json(r) || ',' as line
from (
    select
        p.sensor_id as location_id,
        wall(p.started_ms + s.offset_ms) as period_start,
        wall(p.started_ms + s.offset_ms)[:10] as period_start_date,
        wall(p.started_ms + s.offset_ms)[12:] as period_start_time,
        case when p.class = 'person' then 0 else {{ quividi/vehicle_type }} end as "type",
        case when p.class = 'person' then 0 else {{ quividi/vehicle_color }} end as color,
        case when p.class = 'person' then 0 else tenths(p.ended_ms - p.started_ms) end as vehicle_presence_time,
        case when p.class = 'person' then 0.0 else {{ quividi/vehicle_factor }} end as vehicle_impressions,
        case when p.class = 'person' then 0.0 else {{ quividi/vehicle_factor }} end as impressions_per_vehicle,
        case when p.class = 'person' then tenths(p.ended_ms - p.started_ms) else 0 end as footfall_presence_time
    {{ quividi/passersby }}
) as r
