-- How many rows the finest viewers export has.
select count(*) as rows
{{ quividi/watchers }}
