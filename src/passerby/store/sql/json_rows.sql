-- The rows of a given table as JSON objects, each with a comma behind it.
select to_json(r) || ',' as line
from rows r
