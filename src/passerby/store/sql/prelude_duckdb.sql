-- Names that both engines know, so that one text of a query serves both. Set up once, when this file changes.
-- Each statement ends with a semicolon at the end of its line.

-- Integer division that rounds towards zero: a DuckDB // and ClickHouse intDiv() agree on it.
create or replace macro whole(a, b) as a // b;

-- One row per element of a list.
create or replace macro each(l) as unnest(l);
