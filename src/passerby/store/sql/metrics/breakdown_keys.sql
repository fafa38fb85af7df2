-- What views are told apart by; 0 where they are not.
case when $by_sensor then v.sensor_id else 0 end as sensor,
case when $by_slot then slots.bucket else 0 end as slot,
case when $by_gender then {{ metrics/view_gender }} else 0 end as gender,
case when $by_age_group then {{ metrics/view_age_group }} else 0 end as age_group,
case when $by_length then least(whole(v.ended_ms - v.started_ms, $length_ms), $lengths - 1) else 0 end as length
