-- Which views the raw sessions are: all of the asked devices that began in the asked range, stored up to $until_seq;
-- with $content only those in which it was shown. Included by its queries.
from views as v
where v.sensor_id in (select sensor_id from wanted_sensors)
    and v.started_ms >= $start_ms and v.started_ms < $end_ms
    and v.seq <= $until_seq
    and ($content is null or coalesce(shows_any(v.contents, [$content]), false))
    and {{ metrics/counted_roles }}
