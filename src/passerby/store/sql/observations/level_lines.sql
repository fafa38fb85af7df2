-- Raw rows of a kind as JSON lines, each with its line end.
select to_json(o) || chr(10) as line
from (
    select 'level' as kind, * replace (rfc3339("at") as "at")
    from (
        {{ observations/level }}
    )
) o
