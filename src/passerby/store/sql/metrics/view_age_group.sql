-- A viewer's age group as a number: 0 unknown, 1 child, 2 young, 3 adult, 4 senior.
case v.age_group when 'child' then 1 when 'young' then 2 when 'adult' then 3 when 'senior' then 4 else 0 end
