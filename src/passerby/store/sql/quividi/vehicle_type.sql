-- The vendor's number of a class of vehicles.
case p.class when 'car' then 1 when 'bus' then 2 when 'truck' then 3 when 'van' then 4 when 'bike' then 5 else 0 end
