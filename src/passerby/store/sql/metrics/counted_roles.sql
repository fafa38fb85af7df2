-- Whom to count: $excluded is the role that does not count, or null; $only the only role that counts, or null.
(role is null or $excluded is null or role <> $excluded)
and ($only is null or role = $only)
