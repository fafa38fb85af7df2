-- The columns of a viewer, without its start. Moods are weights: four are shown as their percentage of all, neutral
-- as what is left of 100.
    v.sensor_id as location_id,
    case v.gender when 'male' then 1 when 'female' then 2 else 0 end as gender,
    case v.age_group when 'child' then 1 when 'young' then 2 when 'adult' then 3 when 'senior' then 4 else 0 end as age,
    case when s.expert then v.age end as age_value,
    tenths(v.ended_ms - v.started_ms) as dwell_time_in_tenths_of_sec,
    tenths(v.attention_ms) as attention_time_in_tenths_of_sec,
    case when s.expert then
        case v.glasses when 'none' then 1 when 'glasses' then 2 when 'sunglasses' then 3 else 0 end
    end as glasses,
    case when s.expert then case v.mustache when false then 1 when true then 2 else 0 end end as mustache,
    case when s.expert then case v.beard when false then 1 when true then 2 else 0 end end as beard,
    case when s.expert then mood_share(v.mood, v.mood.very_happy) end as very_happy,
    case when s.expert then mood_share(v.mood, v.mood.happy) end as happy,
    case when s.expert then 100 - (
        mood_share(v.mood, v.mood.very_happy) + mood_share(v.mood, v.mood.happy)
        + mood_share(v.mood, v.mood.unhappy) + mood_share(v.mood, v.mood.very_unhappy)
    ) end as neutral,
    case when s.expert then mood_share(v.mood, v.mood.unhappy) end as unhappy,
    case when s.expert then mood_share(v.mood, v.mood.very_unhappy) end as very_unhappy
