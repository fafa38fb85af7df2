-- A viewer's gender as a number: 0 unknown, 1 male, 2 female.
case v.gender when 'male' then 1 when 'female' then 2 else 0 end
