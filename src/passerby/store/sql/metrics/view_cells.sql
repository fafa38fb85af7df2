-- As views.sql, for each kind of viewer.
select scope.unit, slots.bucket, {{ metrics/view_cell }} as cell, {{ metrics/view_sums }}
{{ metrics/each_view }}
group by scope.unit, slots.bucket, cell
