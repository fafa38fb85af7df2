-- One page of events, in order of arrival ($direction 1) or backwards (-1).
select * from (
    {{ camlytics/happenings }}
) as happened
order by happened.id * $direction
limit $page
