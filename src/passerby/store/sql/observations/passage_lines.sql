-- Raw rows of a kind as JSON lines, each with its line end.
select to_json(o) || chr(10) as line
from (
    select 'passage' as kind, * replace (rfc3339("start") as "start")
    from (
        {{ observations/passage }}
    )
) o
