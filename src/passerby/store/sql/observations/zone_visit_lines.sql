-- Raw rows of a kind as JSON lines, each with its line end.
select to_json(o) || chr(10) as line
from (
    select 'zone_visit' as kind, * replace (rfc3339("start") as "start")
    from (
        {{ observations/zone_visit }}
    )
) o
