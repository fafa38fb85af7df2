-- What each sensor's session numbers have come to, see session_numbers.py: what was known up to the row $until, and the
-- views that were stored since. A number that is not the sensor's own was given here.
select
    sensor_id,
    max(plain) as plain,
    bool_or(own) as own,
    min("first") as "first",
    max("last") as "last"
from (
    select sensor_id, plain, own, "first", "last" from session_counts
    union all
    select
        sensor_id,
        max(session_number) filter (where session_number <= $beyond and session is distinct from session_number),
        bool_or(session is not null),
        min(session_number) filter (where session_number > $beyond and session is distinct from session_number),
        max(session_number) filter (where session_number > $beyond)
    from views
    where seq > $until and session_number is not null
    group by sensor_id
)
group by sensor_id
