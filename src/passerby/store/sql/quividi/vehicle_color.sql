-- The vendor's number of a colour; null where the sensor said none.
case p.color
    when 'unknown' then 0 when 'white' then 1 when 'gray' then 2 when 'yellow' then 3 when 'red' then 4
    when 'green' then 5 when 'blue' then 6 when 'black' then 7
end
