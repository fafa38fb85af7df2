-- How many events there are, and their first and last id (null when there are none).
select count(*) as events, min(happened.id) as first_id, max(happened.id) as last_id
from (
    {{ camlytics/happenings }}
) as happened
