"""GraphQL: `routes` receives a query, `limits` bounds it, `schema` answers it."""
