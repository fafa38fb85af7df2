-- A kind of viewer as a number: 5 * gender (0 unknown, 1 male, 2 female) + age group (0 unknown, 1 child, 2 young,
-- 3 adult, 4 senior).
5 * (case v.gender when 'male' then 1 when 'female' then 2 else 0 end)
+ (case v.age_group when 'child' then 1 when 'young' then 2 when 'adult' then 3 when 'senior' then 4 else 0 end)
