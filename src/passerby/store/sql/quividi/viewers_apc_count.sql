-- How many rows the finest viewers-with-contents export has.
select count(*) as rows
{{ quividi/watchers_apc }}
