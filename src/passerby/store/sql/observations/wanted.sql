-- Which raw rows are asked for; included by the query of each kind.
where sensor_id in (select sensor_id from wanted_sensors)
  and started_ms >= $start_ms and started_ms < $end_ms
  and received_ms >= $received_from_ms
  and seq > $after_seq and seq <= $until_seq
