-- Views per unit and bucket of their start.
select scope.unit, slots.bucket, {{ metrics/view_sums }}
{{ metrics/each_view }}
group by scope.unit, slots.bucket
