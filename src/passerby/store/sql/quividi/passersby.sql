-- Which passages a finest vehicles or footfall export holds. Included by its queries.
from passages as p
join stretches as s on s.sensor_id = p.sensor_id and p.started_ms >= s.from_ms and p.started_ms < s.until_ms
where p.started_ms >= $start_ms and p.started_ms < $end_ms
    and ($vehicles and p.class <> 'person' or $persons and p.class = 'person')
