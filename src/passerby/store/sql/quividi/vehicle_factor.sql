-- How many persons a vehicle of that class stands for at its site.
case p.class
    when 'car' then s.car when 'bus' then s.bus when 'truck' then s.truck when 'van' then s.van when 'bike' then s.bike
    else s.other
end
