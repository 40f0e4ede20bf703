"""The audit log: one chain of records in two copies, a database to search and a file beside it."""
