-- Views and watchers, and for how long, by any of sensor, slot, gender, age group and length.
select {{ metrics/breakdown_keys }}, 0 as content, 0 as emotion, {{ metrics/view_sums }}
{{ metrics/each_view }}
group by all
