-- How many visits of the units lasted how many whole minutes; bounces and visits of unknown duration are left out.
select visit.dwell_ms // 60000 as minutes, count(*) as visits
from (
    {{ metrics/each_visit }}
) as visit
where visit.started_ms >= $start_ms and visit.started_ms < $end_ms
    and visit.dwell_ms is not null
group by minutes
order by minutes
