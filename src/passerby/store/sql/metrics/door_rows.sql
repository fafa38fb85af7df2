-- Every movement of persons over the entrance lines in [$seen_ms, $end_ms).
select move.unit, move.started_ms, move.came, move.went, move.all_visits, move.person
from (
    {{ metrics/each_door_move }}
) as move
where move.started_ms >= $seen_ms and move.started_ms < $end_ms
