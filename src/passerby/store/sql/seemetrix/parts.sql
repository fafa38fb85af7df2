-- How many sessions began in each part of $part_ms of the asked range.
select whole(v.started_ms, $part_ms) as part, count(*) as rows
{{ seemetrix/wanted_views }}
group by part
order by part
