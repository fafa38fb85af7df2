-- Every sensor that has facts, once.
select distinct sensor_id from (
    select sensor_id from visits
    union all select sensor_id from zone_visits
    union all select sensor_id from passages
    union all select sensor_id from views
    union all select sensor_id from plays
    union all select sensor_id from crossings
    union all select sensor_id from counts
    union all select sensor_id from levels
    union all select sensor_id from wifi_visits
    union all select sensor_id from events
    union all select sensor_id from uptimes
) as everything
order by sensor_id
