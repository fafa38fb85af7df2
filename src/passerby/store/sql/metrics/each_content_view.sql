-- Each content shown in a watcher's view (attention > 0), with the view's bucket and kind of viewer: cell as in
-- view_cell.sql. $of_untold: in the untold views (content_looks.sql), or in all others.
select
    scope.unit,
    slots.bucket,
    v.seq,
    {{ metrics/view_cell }} as cell,
    each(v.contents) as shown
{{ metrics/each_view }}
    and v.attention_ms > 0 and v.contents is not null
    and $of_untold = (v.attention is not null and v.seq in (select untold.seq from untold))
