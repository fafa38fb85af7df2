-- How many rows a finest vehicles or footfall export has.
select count(*) as rows
{{ quividi/passersby }}
