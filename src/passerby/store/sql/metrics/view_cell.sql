-- A kind of viewer as a number: 5 * gender + age group, as in view_gender.sql and view_age_group.sql.
5 * ({{ metrics/view_gender }}) + ({{ metrics/view_age_group }})
