-- Which views a viewers-with-contents export holds. Included by its queries.
{{ quividi/watchers }}
    and len(v.contents) > 0
    and ($every_content or shows_any(v.contents, (select list(wanted.content_id) from wanted)))
